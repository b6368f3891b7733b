"""One step of training in half precision, at the length that BERTs have."""

import dataclasses

import keras
import numpy as np
import pytest
from subjects import FAMILIES, SIZES, inputs_of

from kewen.models import Backbone, family

LENGTH, TOKENS = 512, 200  # columns, and tokens of the shorter row


def batch():
    """Two rows; the second is padded for the most part."""
    ids = np.random.default_rng(0).integers(5, SIZES["vocabulary_size"], (2, LENGTH))
    is_token = np.arange(LENGTH) < np.array([[LENGTH], [TOKENS]])
    return np.where(is_token, ids, 0).astype("int32"), is_token


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Keras, about float16 on a processor
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("row", FAMILIES, ids=str)
def test_step_with_padding_has_no_nan(row, policy):
    made = family(row.name).config(**{**row.sizes, "max_length": LENGTH + 2})
    config = dataclasses.replace(made, attention_dropout=0.1)
    model = Backbone(config, heads=[row.head], dtype=policy)
    inputs = model.inputs_by_name
    outputs = model(inputs)
    logits = next(
        outputs[name] for name in ("mlm_logits", "lm_logits") if name in outputs
    )
    trained = keras.Model(inputs, logits)
    trained.compile("adam", keras.losses.SparseCategoricalCrossentropy(True))
    ids, is_token = batch()
    given = inputs_of(model, ids, np.zeros_like(ids), is_token)
    before = [np.asarray(weight) for weight in model.trainable_weights]
    loss = trained.train_on_batch(given, ids, sample_weight=is_token)
    assert np.isfinite(loss)
    after = [np.asarray(weight) for weight in model.trainable_weights]
    assert all(np.isfinite(weight).all() for weight in after)
    assert any((a != b).any() for a, b in zip(after, before, strict=True))
