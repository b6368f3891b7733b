"""An original's file goes through kewen and comes out as it went in, in every family.

The originals are the golden cases; GAU-alpha's, which no package wrote, is made in
tests/models/test_gau_alpha.py and goes the same ways there.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from golden_cases import GOLDEN, PASSES, RESTLESS

from kewen.checkpoints import WeightsWarning, open_checkpoint
from kewen.models import convert
from kewen.models.matching import matched
from kewen.models.registry import FAMILIES, family

UNTOLD = ("nezha", "roformer")  # of bert4keras, whose tensors' names do not tell
# Names of 2018, which transformers reads under today's.
TODAYS = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))


@dataclass(frozen=True)
class Original:
    world: str
    case: str

    def __str__(self):
        return f"{self.world}-{self.case}"

    @property
    def folder(self):
        return GOLDEN / self.world / self.case

    @property
    def format(self):
        return "tf1" if self.world == "bert4keras" else "hf"

    @property
    def named(self):
        untold = self.format == "tf1" and self.case in UNTOLD
        return self.case if untold else None

    @property
    def family(self):
        with matched(self.folder, named=self.named) as found:
            return found.model.config.family


ORIGINALS = dict.fromkeys(
    [
        *(Original(each.world, each.case) for each in PASSES),
        *(Original("huggingface", case) for case in RESTLESS),
    ]
)
EACH = pytest.mark.parametrize("original", ORIGINALS, ids=str)


def tensors(folder):
    """Name -> dtype, shape and bytes."""
    with open_checkpoint(folder) as file:
        held = {name: np.asarray(file[name]) for name in file}
    for then, now in TODAYS:
        held = {name.replace(then, now): array for name, array in held.items()}
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in held.items()}


def by_way_of(original, formats, tmp_path):
    """The folder at the end of the way, and what was left out at its beginning."""
    folder, named, left_out = original.folder, original.named, set()
    with warnings.catch_warnings():
        # Some are networks that transformers lacks; other tests ask for the warning.
        warnings.filterwarnings("ignore", ".*transformers will", WeightsWarning)
        for number, to in enumerate(formats):
            account = convert(folder, tmp_path / str(number), to=to, family=named)
            folder, named = tmp_path / str(number), None
            if not number:
                assert all(each.because for each in account.skipped)
                left_out = {each.name for each in account.skipped}
    return folder, left_out


@EACH
def test_same_tensors_in_the_same_format(original, tmp_path):
    folder, left_out = by_way_of(original, [original.format], tmp_path)
    kept = {k: v for k, v in tensors(original.folder).items() if k not in left_out}
    assert tensors(folder) == kept


@EACH
def test_same_tensors_by_way_of_every_other_format(original, tmp_path):
    kind = family(original.family)
    formats = [each for each in ("keras", "hf", "tf1") if each != original.format]
    if "tf" not in kind.weights.origins:
        formats.remove("tf1")
    formats.append(original.format)
    folder, left_out = by_way_of(original, formats, tmp_path)
    kept = {k: v for k, v in tensors(original.folder).items() if k not in left_out}
    assert tensors(folder) == kept


@pytest.mark.parametrize(
    "original", [o for o in ORIGINALS if o.format == "tf1"], ids=str
)
def test_same_file_to_the_byte_as_tensorflow_wrote_it(original, tmp_path):
    folder, left_out = by_way_of(original, ["tf1"], tmp_path)
    assert not left_out
    for end in ("index", "data-00000-of-00001"):
        name = f"bert_model.ckpt.{end}"
        assert (folder / name).read_bytes() == (original.folder / name).read_bytes()


def test_every_family_has_an_original_here():
    assert {each.family for each in ORIGINALS} == {*FAMILIES} - {"gau_alpha"}
