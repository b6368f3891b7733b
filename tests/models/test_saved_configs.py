"""A checkpoint that goes through kewen comes out as it went in, tensor by tensor."""

import json
import shutil

import numpy as np
import pytest
from beyond_transformers import LACKED
from golden_cases import DECODERS, ENCODERS, GOLDEN

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.models import Backbone, Pretrained, family
from kewen.models.convert import convert
from kewen.models.registry import FAMILIES
from kewen.models.trace import trace

FOLDERS = [GOLDEN / "huggingface" / case for case in [*DECODERS, *ENCODERS]]
TF_CASES = {  # each with what its files do not say
    "gpt2": {},
    "gpt2_ml": {},
    "gpt_shared_segment": {"shared_segment_embeddings": True},
}
EACH = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def tensors(folder):
    """Name -> (dtype, bytes) of a folder's weights."""
    with open_checkpoint(folder) as file:
        held = {name: np.asarray(file[name]) for name in file}
        return {name: (a.dtype, a.shape, a.tobytes()) for name, a in held.items()}


@EACH
def test_saved_model_has_a_config_that_makes_it_again(folder, tmp_path):
    model = kewen.load(folder)
    model.save(tmp_path / "out")
    assert kewen.load(tmp_path / "out").config == model.config


SMALL = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "vocabulary_size": 9}


def meaning_of(config):
    """Its fields, but what each layer sees instead of the two ways to say that."""
    said = {k: v for k, v in config.as_dict().items() if k != "layer_types"}
    return {**said, "windows": list(getattr(config, "windows", ()))}


OLDER = [folder for folder in FOLDERS if (folder / "config_v4.json").is_file()]


@pytest.mark.parametrize("folder", OLDER, ids=lambda folder: folder.name)
def test_config_of_transformers_4_makes_the_same_model(folder, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(folder, older)
    (older / "config_v4.json").replace(older / "config.json")
    assert meaning_of(kewen.load(older).config) == meaning_of(kewen.load(folder).config)


def test_tied_head_is_there_without_a_tensor():
    model = kewen.load(GOLDEN / "huggingface" / "qwen3").model
    assert model.heads == ("language_model",)


def test_base_model_has_no_head(tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(GOLDEN / "huggingface" / "qwen3", folder)
    said = json.loads((folder / "config.json").read_text())
    said["architectures"] = ["Qwen3Model"]
    (folder / "config.json").write_text(json.dumps(said))
    assert kewen.load(folder).model.heads == ()


def test_family_without_an_original_in_tensorflow_says_so(tmp_path):
    with pytest.raises(kewen.errors.ConfigError, match="no original in TensorFlow"):
        convert(GOLDEN / "huggingface" / "qwen3", tmp_path / "out", to="tf1")


def test_left_padding_needs_no_position_ids():
    folder = GOLDEN / "huggingface" / "qwen3"
    with np.load(folder / "expected.npz") as file:
        mask = file["input_left_attention_mask"].astype(bool)
        inputs = {"token_ids": file["input_left_input_ids"], "padding_mask": mask}
        wanted = file["output_left_logits"]
    got = trace(folder, inputs)["output_logits"]
    np.testing.assert_allclose(got[mask], wanted[mask], rtol=1e-4, atol=1e-4)


def test_classifier_of_texts_is_told_from_a_tagger_by_what_it_has_more(tmp_path):
    config = family("distilbert").config(**SMALL, num_labels=3)
    for head in ("sequence_classification", "token_classification"):
        Pretrained(model=Backbone(config, heads=(head,))).save(tmp_path / head)
        path = tmp_path / head / "config.json"
        said = json.loads(path.read_text())
        path.write_text(json.dumps({**said, "architectures": None}))
        assert kewen.load(tmp_path / head).model.heads == (head,)


def test_families_that_transformers_lacks_say_so():
    auto = pytest.importorskip("transformers.models.auto.configuration_auto")
    known = auto.CONFIG_MAPPING_NAMES
    assert {f for f in FAMILIES if family(f).model_type not in known} == {*LACKED}
    assert {f for f in FAMILIES if not family(f).in_transformers} == {*LACKED}
