"""`Pooling` makes one vector of a sequence, and padding has no say in it."""

import keras
import numpy as np
import pytest
from keras import ops

from kewen.errors import ConfigError
from kewen.layers import Pooling

HIDDEN = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32") - 2
IS_TOKEN = np.array(
    [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], bool
)
FULL, RIGHT_PADDED, LEFT_PADDED, EMPTY = range(4)
BY_NUMPY = {
    "cls": lambda tokens: tokens[0],
    "mean": lambda tokens: tokens.mean(0),
    "max": lambda tokens: tokens.max(0),
    "std": lambda tokens: tokens.std(0),
}


def pooled(mode, hidden=HIDDEN, dtype=None):
    layer = Pooling(mode, dtype=dtype)
    result = layer(ops.convert_to_tensor(hidden), ops.convert_to_tensor(IS_TOKEN))
    return ops.convert_to_numpy(ops.cast(result, "float32"))


@pytest.mark.parametrize("row", [FULL, RIGHT_PADDED, LEFT_PADDED])
@pytest.mark.parametrize("mode", BY_NUMPY)
def test_pooling_is_over_the_tokens_alone(mode, row):
    wanted = BY_NUMPY[mode](HIDDEN[row][IS_TOKEN[row]])
    np.testing.assert_allclose(pooled(mode)[row], wanted, atol=1e-6)


@pytest.mark.parametrize("mode", BY_NUMPY)
def test_row_without_tokens_gives_zeros(mode):
    assert (pooled(mode)[EMPTY] == 0).all()


def test_first_is_the_first_column_be_it_padding_or_not():
    np.testing.assert_array_equal(pooled("first"), HIDDEN[:, 0])


def test_mean_over_many_tokens_does_not_overflow_in_half_precision():
    large = np.full((4, 5, 3), 2e4, "float32")
    assert np.isfinite(pooled("mean", large, "float16")).all()


def test_mean_counts_more_than_256_tokens_in_bfloat16():
    # bfloat16 has no 257: a count in it would stop there.
    layer = Pooling("mean", dtype="bfloat16")
    result = layer(ops.ones((1, 1000, 2)), ops.ones((1, 1000), "bool"))
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(result, "float32")), 1, atol=0.01
    )


def test_maximum_of_very_negative_numbers_is_one_of_them():
    assert (pooled("max", np.full((4, 5, 3), -1e30, "float32"))[FULL] < -9e29).all()


def test_what_stands_at_a_pad_may_be_nan():
    broken = np.where(IS_TOKEN[..., None], HIDDEN, np.nan).astype("float32")
    for mode in BY_NUMPY:
        np.testing.assert_array_equal(pooled(mode, broken), pooled(mode))


def test_unknown_mode_is_refused_by_name():
    with pytest.raises(ConfigError, match="'sum'"):
        Pooling("sum")


def test_symbolic_output_has_no_time_axis():
    hidden, is_token = keras.Input((5, 3)), keras.Input((5,), dtype="bool")
    assert Pooling("mean")(hidden, is_token).shape == (None, 3)
