"""GAU-alpha, of which no recorded outputs are to be had, against NumPy.

The file has its authors' names: https://github.com/ZhuiyiTechnology/GAU-alpha.
"""

import json

import numpy as np
import pytest
from beyond_transformers import warned_of_family

import kewen
from kewen.checkpoints import open_checkpoint, write_tf_bundle
from kewen.models.convert import convert
from kewen.models.trace import trace

V, C, E, K, LAYERS = 30, 12, 16, 6, 2
CONFIG = {
    "vocab_size": V,
    "hidden_size": C,
    "intermediate_size": E,
    "attention_key_size": K,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 1,
    "hidden_act": "swish",
    "max_position_embeddings": 32,
    "type_vocab_size": 2,
}


def drawn_tensors():
    rng = np.random.default_rng(0)
    shapes = {
        "bert/embeddings/word_embeddings": (V, C),
        "bert/embeddings/token_type_embeddings": (2, C),
    }
    for i in range(LAYERS):
        unit = f"GAU_alpha/encoder/layer_{i}/gau/"
        shapes |= {
            f"{unit}i_dense/kernel": (C, 2 * E + K),
            f"{unit}o_dense/kernel": (E, C),
            f"{unit}q_scaleoffset/gamma": (K,),
            f"{unit}k_scaleoffset/gamma": (K,),
        }
    return {name: rng.normal(size=s).astype("float32") for name, s in shapes.items()}


TENSORS = drawn_tensors()
IDS = np.array([[2, 5, 9, 7, 3, 0, 0], [2, 8, 8, 6, 11, 4, 3]])
SEGMENTS = np.array([[0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1]])


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "gau"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_tf_bundle(folder / "bert_model.ckpt", TENSORS)
    return folder


def normed(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)


def turned(x):
    """Pairs of features turned by the place, as complex numbers."""
    rates = 10000.0 ** (-np.arange(0, K, 2) / K)
    turns = np.exp(1j * np.arange(x.shape[1])[:, None] * rates)
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turns
    return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)


def forward():
    """Kexue.fm 9052 and 8934, line by line: hidden states and scores of tokens."""
    words = TENSORS["bert/embeddings/word_embeddings"]
    segments = TENSORS["bert/embeddings/token_type_embeddings"]
    is_token = IDS != 0
    hidden = [normed(words[IDS] + segments[SEGMENTS])]
    for i in range(LAYERS):
        unit = f"GAU_alpha/encoder/layer_{i}/gau/"
        inner = hidden[-1] @ TENSORS[f"{unit}i_dense/kernel"]
        inner = inner / (1 + np.exp(-inner))
        gate, value, small = np.split(inner, [E, 2 * E], axis=-1)
        query, key = (
            turned(small * TENSORS[f"{unit}{name}_scaleoffset/gamma"]) for name in "qk"
        )
        scores = query @ key.swapaxes(1, 2) / K**0.5
        count = np.maximum(is_token.sum(-1), 16)[:, None, None]
        powers = np.exp(scores * np.log(count) / np.log(512)) * is_token[:, None]
        shares = powers / powers.sum(-1, keepdims=True)
        out = (gate * (shares @ value)) @ TENSORS[f"{unit}o_dense/kernel"]
        hidden.append(normed(hidden[-1] + out))
    return hidden, hidden[-1] @ words.T


def test_every_hidden_state_is_that_of_the_formulas(folder):
    got = trace(
        folder,
        {"token_ids": IDS, "segment_ids": SEGMENTS},
        family="gau_alpha",
        options={"with_mlm": True},
    )
    hidden, scores = forward()
    is_token = IDS != 0
    wanted = {"hidden_embedding": hidden[0], "output_mlm": scores}
    wanted |= {f"hidden_layer_{i}": each for i, each in enumerate(hidden[1:])}
    for name, array in wanted.items():
        close = {"rtol": 1e-4, "atol": 1e-4}
        np.testing.assert_allclose(got[name][is_token], array[is_token], **close)


@pytest.mark.parametrize("by_way_of", ["hf", "keras"])
def test_tensors_come_back_by_way_of_other_formats(folder, tmp_path, by_way_of):
    with warned_of_family("gau_alpha", by_way_of):
        convert(folder, tmp_path / "there", to=by_way_of, family="gau_alpha")
    convert(tmp_path / "there", tmp_path / "back", to="tf1")
    with open_checkpoint(tmp_path / "back") as file:
        again = {name: np.asarray(file[name]) for name in file}
    assert again.keys() == TENSORS.keys()
    assert all((again[name] == array).all() for name, array in TENSORS.items())


def test_attention_of_the_unit_can_be_shown(folder):
    model = kewen.load(folder, use=kewen.models.family("gau_alpha")).model
    shown = model.redrawn(collect=["attention_scores"])
    outputs = shown.predict_on_batch(
        {
            "token_ids": IDS.astype("int32"),
            "segment_ids": SEGMENTS.astype("int32"),
            "padding_mask": IDS != 0,
        }
    )
    scores = outputs["attention_1"]
    assert scores.shape == (2, 1, 7, 7)
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-5)
