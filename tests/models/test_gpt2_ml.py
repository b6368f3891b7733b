"""GPT2_ML against NumPy, by the names and in the order of its own TensorFlow files."""

import functools
import json

import numpy as np
import pytest
from golden_cases import GOLDEN
from numpy_gpt2_ml import numpy_gpt2_ml

import kewen
from kewen.checkpoints import open_checkpoint
from kewen.errors import ShapeError
from kewen.models import family
from kewen.models.trace import trace

FOLDER = GOLDEN / "bert4keras" / "gpt2_ml"
TOKEN_IDS = np.random.default_rng(0).integers(1, 80, (2, 9)).astype("int32")


@functools.cache
def traced():
    return trace(FOLDER, {"token_ids": TOKEN_IDS})


@functools.cache
def by_hand(order):
    config = json.loads((FOLDER / "config.json").read_text("utf-8"))
    with open_checkpoint(FOLDER) as file:
        tensors = {name: file[name] for name in file}
    return numpy_gpt2_ml(tensors, config, TOKEN_IDS, order)


def test_file_without_a_family_is_known_by_its_names():
    pretrained = kewen.load(FOLDER)
    assert pretrained.config.family == "gpt2_ml"
    assert pretrained.account.is_complete


@pytest.mark.parametrize("i", [0, 1])
def test_block_equals_numpy(i):
    states, _ = by_hand("gpt2_ml")
    np.testing.assert_allclose(
        traced()[f"hidden_layer_{i}"], states[i + 1], rtol=1e-5, atol=1e-5
    )


def test_logits_equal_numpy():
    _, logits = by_hand("gpt2_ml")
    np.testing.assert_allclose(traced()["output_lm"], logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("order", ["gpt2", "bert"])
def test_order_of_another_model_gives_something_else(order):
    states, _ = by_hand(order)
    assert np.abs(traced()["hidden_layer_0"] - states[1]).max() > 0.1


def test_published_model_has_as_many_parameters_as_it_is_said_to():
    # 28,331,520 a block; without a bias at the output, with the embeddings' norm.
    config = family("gpt2_ml").config()
    c, inner = config.hidden_dim, config.intermediate_dim
    biases_and_norms = config.num_layers * (4 * c + inner + c + 4 * c) + 2 * c
    assert config.num_weights + biases_and_norms == 1_393_941_504


def test_tiny_model_has_that_count_too():
    """The formula above is the model's own count."""
    model = kewen.load(FOLDER).model
    config = model.config
    c, inner = config.hidden_dim, config.intermediate_dim
    biases_and_norms = config.num_layers * (4 * c + inner + c + 4 * c) + 2 * c
    assert model.count_params() == config.num_weights + biases_and_norms


def test_text_beyond_the_position_table_is_refused():
    with pytest.raises(ShapeError, match="32"):
        trace(FOLDER, {"token_ids": np.ones((1, 33), "int32")})
