"""Training and answers in half precision, at the length that BERTs have."""

import dataclasses

import keras
import numpy as np
import pytest
from subjects import ENCODER_DECODERS, FAMILIES, SIZES, inputs_of

from kewen.models import Backbone, family

LENGTH, TOKENS = 512, 200  # columns, and tokens of the shorter row
POLICIES = pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
ROWS = [*FAMILIES, *ENCODER_DECODERS]
# Of Keras, about float16 on a processor.
pytestmark = pytest.mark.filterwarnings("ignore")


def batch():
    """Two rows; the second is padded for the most part."""
    ids = np.random.default_rng(0).integers(5, SIZES["vocabulary_size"], (2, LENGTH))
    is_token = np.arange(LENGTH) < np.array([[LENGTH], [TOKENS]])
    return np.where(is_token, ids, 0).astype("int32"), is_token


def given_to(model):
    """The batch as inputs, the same on both sides of an encoder-decoder."""
    ids, is_token = batch()
    given = inputs_of(model, ids, np.zeros_like(ids), is_token)
    if "decoder_token_ids" in model.inputs_by_name:
        given |= {f"decoder_{name}": array for name, array in given.items()}
    return given


def made(row, policy):
    fields = {field.name for field in dataclasses.fields(family(row.name).config)}
    # T5 has no dropout of probabilities alone, and no table of positions.
    changes = {"max_length": LENGTH + 2, "attention_dropout": 0.1}
    changes = {name: value for name, value in changes.items() if name in fields}
    config = family(row.name).config(**{**row.sizes, **changes})
    return Backbone(config, heads=[row.head], dtype=policy)


@pytest.mark.slow
@POLICIES
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_step_with_padding_has_no_nan(row, policy):
    model = made(row, policy)
    inputs = model.inputs_by_name
    outputs = model(inputs)
    logits = next(
        outputs[name] for name in ("mlm_logits", "lm_logits") if name in outputs
    )
    trained = keras.Model(inputs, logits)
    trained.compile("adam", keras.losses.SparseCategoricalCrossentropy(True))
    ids, is_token = batch()
    before = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    loss = trained.train_on_batch(given_to(model), ids, sample_weight=is_token)
    assert np.isfinite(loss)
    after = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    assert all(np.isfinite(weight).all() for weight in after)
    assert any((a != b).any() for a, b in zip(after, before, strict=True))
    answers = model.predict_on_batch(given_to(model))
    assert all(np.isfinite(a.astype("float32")).all() for a in answers.values())


@POLICIES
@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "t5"])
def test_answers_are_near_those_in_float32(name, policy):
    row = next(row for row in ROWS if row.name == name)
    exact, rough = made(row, "float32"), made(row, policy)
    rough.set_weights(exact.get_weights())
    wanted, got = (m.predict_on_batch(given_to(m)) for m in (exact, rough))
    for output, array in wanted.items():
        gap = np.abs(got[output].astype("float32") - array).mean()
        assert gap < 0.05 * np.abs(array).mean() + 0.01, output
