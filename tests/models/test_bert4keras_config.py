"""Beside a TensorFlow checkpoint of ours lies a config that bert4keras reads."""

import json
import warnings
from typing import Any

import numpy as np
import pytest
from golden_cases import GOLDEN, PASSES

import kewen
from kewen.checkpoints import WeightsWarning
from kewen.models import Backbone, Pretrained, convert, family
from kewen.models.bert4keras import MODELS
from kewen.models.trace import trace

ORIGINALS = [each for each in PASSES if each.world == "bert4keras"]
# What its models cannot be built without: `Transformer.__init__` there.
NEEDED = {
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
}
SIZES: Any = {
    "hidden_dim": 8,
    "num_layers": 1,
    "num_heads": 2,
    "vocabulary_size": 9,
}
HF_CASES = ["gpt2", "openai_gpt", "t5", "mt5", "albert_mlm", "roberta_mlm"]


def config_of(name, **fields):
    make: Any = family(name).config
    return make(**fields)


def config_in(folder):
    return json.loads((folder / "config.json").read_text("utf-8"))


def written(source, folder, named=None):
    """By way of Hugging Face's layout to TensorFlow's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*transformers will", WeightsWarning)
        convert(source, folder / "hf", to="hf", family=named)
    convert(folder / "hf", folder / "tf1", to="tf1")
    return folder / "tf1"


def named(original):
    return original.case if original.case in ("nezha", "roformer") else None


@pytest.mark.parametrize("original", ORIGINALS, ids=str)
def test_config_of_bert4keras_comes_back_key_by_key(original, tmp_path):
    folder = written(original.folder, tmp_path, named(original))
    wanted, got = config_in(original.folder), config_in(folder)
    assert {key: got.get(key) for key in wanted} == wanted


@pytest.mark.parametrize("original", ORIGINALS, ids=str)
def test_bert4keras_would_build_the_same_network_from_its_own_keys(original, tmp_path):
    folder = written(original.folder, tmp_path, named(original))
    own = MODELS[original.about["model"]].options
    said = {key: value for key, value in config_in(folder).items() if key in own}
    (folder / "config.json").write_text(json.dumps(said), "utf-8")
    (folder / "kewen.json").unlink()
    got, wanted = (
        trace(each, original.inputs, **original.bert4keras_options)
        for each in (folder, original.folder)
    )
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(got[name], array)


@pytest.mark.parametrize("case", HF_CASES)
def test_keys_of_hugging_face_are_not_all_that_is_said(case, tmp_path):
    source = GOLDEN / "huggingface" / case
    convert(source, tmp_path / "tf", to="tf1")
    said = config_in(tmp_path / "tf")
    assert said.keys() >= NEEDED
    assert not said.keys() & {"n_embd", "d_model", "n_layer", "feed_forward_proj"}
    again, model = (
        kewen.load(each, tokenizer=False).model for each in (tmp_path / "tf", source)
    )
    assert again.get_config()["heads"] == model.get_config()["heads"]
    convert(tmp_path / "tf", tmp_path / "hf", to="hf")
    original, back = config_in(source), config_in(tmp_path / "hf")
    keys = {key for key, *_ in model.config.KEYS.values() if original.get(key)}
    assert {key: back[key] for key in keys} == {key: original[key] for key in keys}


def test_activations_have_the_names_that_keras_knows(tmp_path):
    for activation, name in (
        ("gelu_new", "gelu_tanh"),
        ("gelu_pytorch_tanh", "gelu_tanh"),
        ("gelu_python", "gelu"),
        ("gelu_erf", "gelu"),
        ("silu", "swish"),
        ("relu", "relu"),
        (["gelu_new", "linear"], ["gelu_tanh", "linear"]),
    ):
        config = config_of("bert", **SIZES, activation=activation)
        Pretrained(model=Backbone(config, unset=True)).save(
            tmp_path / "out", format="tf1", overwrite=True
        )
        assert config_in(tmp_path / "out")["hidden_act"] == name


@pytest.mark.parametrize(
    ("activation", "theirs"),
    [
        ("relu", "relu"),
        ("gated-gelu", ["gelu_tanh", "linear"]),
        ("gated-gelu_python", ["gelu", "linear"]),
        ("gated-silu", ["swish", "linear"]),
    ],
)
def test_gate_of_t5_is_a_list_there(activation, theirs, tmp_path):
    config = config_of("t5", **SIZES, activation=activation)
    Pretrained(model=Backbone(config, unset=True)).save(tmp_path / "out", format="tf1")
    assert config_in(tmp_path / "out")["hidden_act"] == theirs


def test_rates_of_dropout_that_differ_keep_their_own_names(tmp_path):
    config = config_of("gpt", **SIZES, dropout=0.2, embeddings_dropout=0.3)
    Pretrained(model=Backbone(config, unset=True)).save(tmp_path / "out", format="tf1")
    assert "hidden_dropout_prob" not in config_in(tmp_path / "out")
    again = kewen.load(tmp_path / "out").config
    assert (again.dropout, again.embeddings_dropout) == (0.2, 0.3)


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        ({"residual_attention": "previous"}, "residual_attention_scores", "previous"),
        ({"hierarchical_positions": 0.3}, "hierarchical_position", 0.3),
        ({"shared_segments": True}, "shared_segment_embeddings", True),
        ({"key_dim": 3}, "attention_key_size", 3),
        ({"embedding_dim": 4}, "embedding_size", 4),
    ],
)
def test_options_of_bert4keras_are_said_in_its_words(options, key, value, tmp_path):
    config = config_of("bert", **SIZES, max_length=6, **options)
    Pretrained(model=Backbone(config, unset=True)).save(tmp_path / "out", format="tf1")
    assert config_in(tmp_path / "out")[key] == value
    assert kewen.load(tmp_path / "out").config == config
