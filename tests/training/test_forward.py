"""A compiled model's answers: right shapes, right order, today's weights."""

import gc
import weakref

import keras
import numpy as np
import pytest

from kewen.data import Batches
from kewen.engines.keras_engine import KerasEngine
from kewen.training import predict_rows
from kewen.training.forward import forward_of

RNG = np.random.default_rng(0)


def small_model():
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="bool", name="padding_mask")
    vectors = keras.layers.Embedding(50, 4)(token_ids)
    kept = vectors * keras.ops.cast(mask[..., None], "float32")
    return keras.Model(
        {"token_ids": token_ids, "padding_mask": mask},
        keras.layers.Dense(3)(keras.ops.sum(kept, axis=1)),
    )


def rows_of(lengths):
    return [
        {"token_ids": RNG.integers(1, 50, n, "int32"), "padding_mask": np.ones(n, bool)}
        for n in lengths
    ]


def by_hand(model, rows):
    table, kernel, bias = model.get_weights()
    return np.stack([table[row["token_ids"]].sum(0) @ kernel + bias for row in rows])


@pytest.mark.parametrize("count", [1, 3, 90])
def test_rows_come_back_in_their_order(count):
    model, rows = small_model(), rows_of(RNG.integers(1, 30, count))
    got = predict_rows(model, Batches(rows, batch_size=4))
    np.testing.assert_allclose(got, by_hand(model, rows), atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_engine_gives_what_the_model_gives(batch_size):
    model, rows = small_model(), rows_of(RNG.integers(1, 60, 50))
    got = KerasEngine(model).predict(rows, batch_size=batch_size, pad_id=0)
    np.testing.assert_allclose(got, by_hand(model, rows), atol=1e-5)


def test_weights_of_today_are_used():
    model, rows = small_model(), rows_of([3, 5])
    batches = Batches(rows, batch_size=2)
    before = predict_rows(model, batches)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    after = predict_rows(model, batches)
    assert np.abs(after - before).min() > 0.1
    np.testing.assert_allclose(after, by_hand(model, rows), atol=1e-5)


def test_layers_may_be_frozen_in_between():
    model, rows = small_model(), rows_of([3, 5])
    batches = Batches(rows, batch_size=2)
    before = predict_rows(model, batches)
    model.layers[-1].trainable = False
    np.testing.assert_array_equal(predict_rows(model, batches), before)


def test_an_error_in_a_batch_comes_out():
    model = small_model()
    rows = rows_of([3, 5, 7, 9])
    rows[2] = {"token_ids": rows[2]["token_ids"]}
    with pytest.raises(Exception, match="padding_mask"):
        predict_rows(model, Batches(rows, batch_size=1))


def test_what_was_compiled_goes_with_its_model():
    model = small_model()
    forward_of(model)
    gone = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None
