"""Pooling blind to padding: the numbers of lesson 6810, padding, and slopes."""

import numpy as np
import pytest
from gradients import gradient
from keras import ops

from kewen.ops import masked_max, masked_mean, masked_std

# A zero inside the sequence is a value; those behind it are padding.
LESSON = np.array([1, 0, 3, 4, 5, 0, 0, 0], "float32")[None, :, None]
IS_TOKEN = np.array([[1, 1, 1, 1, 1, 0, 0, 0]], bool)
POOLINGS = [masked_mean, masked_max, masked_std]
RNG = np.random.default_rng(0)


def value(pooling, inputs=LESSON, mask=IS_TOKEN):
    return ops.convert_to_numpy(pooling(ops.convert_to_tensor(inputs), mask))


def test_the_mean_of_the_lesson_is_2_6_and_not_1_625():
    assert value(masked_mean) == pytest.approx(2.6)
    assert LESSON.mean() == 1.625


def test_a_maximum_of_negative_numbers_is_not_the_paddings_zero():
    assert value(masked_max, -LESSON - 1) == -1


def test_the_deviation_is_numpys_over_the_tokens():
    assert value(masked_std) == pytest.approx(LESSON[0, :5].std())


@pytest.mark.parametrize("pads", [0, 3, 100])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_amount_of_padding_changes_nothing(pooling, side, pads):
    tokens = RNG.normal(size=(2, 5, 3)).astype("float32")
    width = (pads, 0) if side == "left" else (0, pads)
    padded = np.pad(tokens, ((0, 0), width, (0, 0)), constant_values=9)
    mask = np.pad(np.ones((2, 5), bool), ((0, 0), width))
    np.testing.assert_allclose(
        value(pooling, padded, mask),
        value(pooling, tokens, np.ones((2, 5), bool)),
        rtol=1e-5,
    )


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_without_tokens_gives_zeros_and_a_finite_slope(pooling):
    empty = np.zeros_like(IS_TOKEN)
    assert (value(pooling, mask=empty) == 0).all()
    slope = gradient(lambda x: ops.sum(pooling(x, empty)), LESSON)
    assert (slope == 0).all()


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_has_no_slope(pooling):
    slope = gradient(lambda x: ops.sum(pooling(x, IS_TOKEN)), LESSON)
    assert np.isfinite(slope).all()
    assert (slope[~IS_TOKEN] == 0).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_stands_at_a_pad_spoils_no_slope(pooling, broken):
    inputs = np.where(IS_TOKEN[..., None], LESSON, broken).astype("float32")
    slope = gradient(lambda x: ops.sum(pooling(x, IS_TOKEN)), inputs)
    assert np.isfinite(slope).all()
    assert (slope[~IS_TOKEN] == 0).all()


def test_a_single_token_has_no_deviation_and_a_finite_slope():
    one = np.arange(8) == 2
    assert value(masked_std, mask=one[None]) == 0
    slope = gradient(lambda x: ops.sum(masked_std(x, one[None])), LESSON)
    assert (slope == 0).all()
