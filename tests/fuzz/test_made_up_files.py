"""Files that nobody spoiled, because they never were sound: made up by hypothesis."""

import io
import json

import fuzz_formats
import pytest
from fuzz_readers import SHARDS, read_manifest, tokenize, values
from fuzz_sound_files import GOLDEN, VOCABULARY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kewen.checkpoints import open_checkpoint
from kewen.checkpoints.torch_pickle import unpickle
from kewen.errors import KewenError
from kewen.models.bert.config import BertConfig
from kewen.models.config import read_config_json

KEYS = "x dtype shape data_offsets weight_map written name files finished do_lower_case"
KEYS += (
    " cls_token content model vocab type normalizer added_tokens version hidden_size"
)
KEYS += " vocab_size num_hidden_layers layer_norm_eps hidden_act architectures"
WORDS = [
    "F32",
    "I64",
    SHARDS[0],
    "bert",
    "gelu",
    "[CLS]",
    "WordPiece",
    "../x",
    "\ud800",
]
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 64),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
anything = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5),
    ),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(KEYS.split()), anything, max_size=6)


def as_safetensors(text):
    return len(text).to_bytes(8, "little") + text


def read_weights(folder):
    with open_checkpoint(folder) as checkpoint:
        values(checkpoint)


def read_config(folder):
    data, path = read_config_json(folder)
    BertConfig.from_dict(BertConfig.fields_in(data, where=str(path)))


PLACES = {
    "model.safetensors": read_weights,
    "model.safetensors.index.json": read_weights,
    "tokenizer.json": tokenize,
    "tokenizer_config.json": tokenize,
    "config.json": read_config,
    "rotation.json": read_manifest,
}
bounded = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", PLACES)
@bounded
@given(made_up=objects)
def test_made_up_json_is_read_or_refused_by_an_error_of_ours(tmp_path, name, made_up):
    text = json.dumps(made_up).encode()
    content = as_safetensors(text) if name == "model.safetensors" else text
    (tmp_path / name).write_bytes(content)
    if PLACES[name] is tokenize:
        (tmp_path / "vocab.txt").write_bytes(VOCABULARY)
    if name.endswith("index.json"):
        shard = GOLDEN / "huggingface/bert_sharded" / SHARDS[0]
        (tmp_path / SHARDS[0]).write_bytes(shard.read_bytes())
    try:
        PLACES[name](tmp_path)
    except KewenError as error:
        assert len(str(error)) < 20_000


instructions = st.lists(
    st.randoms(use_true_random=False).map(fuzz_formats.instruction), max_size=40
)


@bounded
@given(program=instructions)
def test_made_up_pickles_are_read_or_refused_by_an_error_of_ours(program):
    stream = io.BytesIO(b"\x80\x04" + b"".join(program) + b".")
    try:
        unpickle(stream, "x.pt")
    except KewenError as error:
        assert len(str(error)) < 20_000
