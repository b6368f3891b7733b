"""BERT equals a forward pass in plain NumPy, tiny and random, and real."""

import json

import numpy as np
import pytest
from numpy_bert import numpy_bert

from kewen.checkpoints import open_checkpoint, write_safetensors
from kewen.data.demo_assets import MINILM, bring
from kewen.models.trace import trace

TINY = {
    "model_type": "bert",
    "vocab_size": 30,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "hidden_act": "gelu",
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-3,  # so large that a wrong one shows
}


def random_tensors():
    """A BERT file of random numbers, biases and norms included."""
    rng = np.random.default_rng(0)
    width, inner = TINY["hidden_size"], TINY["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (TINY["vocab_size"], width),
        "embeddings.position_embeddings.weight": (16, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm": width,
    }
    for i in range(TINY["num_hidden_layers"]):
        at = f"encoder.layer.{i}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= {f"{at}.attention.{part}.weight": (width, width)}
            shapes |= {f"{at}.attention.{part}.bias": (width,)}
        shapes |= {
            f"{at}.attention.output.LayerNorm": width,
            f"{at}.intermediate.dense.weight": (inner, width),
            f"{at}.intermediate.dense.bias": (inner,),
            f"{at}.output.dense.weight": (width, inner),
            f"{at}.output.dense.bias": (width,),
            f"{at}.output.LayerNorm": width,
        }
    tensors = {}
    for name, shape in shapes.items():
        if isinstance(shape, tuple):
            tensors[name] = rng.normal(size=shape)
        else:
            tensors[f"{name}.weight"] = 1 + 0.3 * rng.normal(size=shape)
            tensors[f"{name}.bias"] = rng.normal(size=shape)
    return {name: tensor.astype("float32") for name, tensor in tensors.items()}


def batch_of(vocabulary_size, length):
    rng = np.random.default_rng(1)
    lengths = np.array([length, length - 2, 3])
    columns = np.arange(length)[None]
    return {
        "token_ids": rng.integers(0, vocabulary_size, (3, length)),
        "segment_ids": (columns > 2) * np.ones((3, 1), int),
        "padding_mask": columns < lengths[:, None],
    }


def assert_equal(folder, tensors, config, batch, limit):
    got = trace(folder, batch)
    is_token = batch["padding_mask"]
    wanted = numpy_bert(
        tensors, config, batch["token_ids"], batch["segment_ids"], is_token
    )
    for i, state in enumerate(wanted):
        np.testing.assert_allclose(
            got[f"hidden_{i}"][is_token],
            state[is_token],
            rtol=limit,
            atol=limit,
            err_msg=f"hidden_{i}",
        )


def test_tiny_random_bert_equals_numpy(tmp_path):
    tensors = random_tensors()
    (tmp_path / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    write_safetensors(tmp_path / "model.safetensors", tensors)
    assert_equal(tmp_path, tensors, TINY, batch_of(30, 7), 1e-4)


@pytest.mark.network
def test_minilm_real_weights_equal_numpy():
    folder = bring(MINILM)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    with open_checkpoint(folder) as tensors:
        assert_equal(folder, tensors, config, batch_of(config["vocab_size"], 24), 1e-4)
