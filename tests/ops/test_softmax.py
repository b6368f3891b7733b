"""`masked_softmax`: only allowed entries share the probability."""

import numpy as np
import pytest
from keras import backend, ops

from kewen.ops import masked_softmax

LOGITS = np.array([[1.0, 2.0, 3.0, -1.0], [0.5, 0.5, 9.0, 2.0]], "float32")
MASK = np.array([[1, 1, 0, 1], [0, 0, 1, 0]], bool)


def softmax(logits, mask=None, dtype="float32"):
    given = ops.cast(ops.convert_to_tensor(logits), dtype)
    mask = None if mask is None else ops.convert_to_tensor(mask)
    return masked_softmax(given, mask)


def numpy_softmax(row, allowed):
    """One row by its definition, over the allowed entries alone."""
    out = np.zeros_like(row, "float64")
    powers = np.exp(row[allowed].astype("float64"))
    out[allowed] = powers / powers.sum() if allowed.any() else 0
    return out


def test_masked_softmax_is_the_softmax_of_the_allowed_entries():
    expected = [numpy_softmax(*pair) for pair in zip(LOGITS, MASK, strict=True)]
    got = ops.convert_to_numpy(softmax(LOGITS, MASK))
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_masked_softmax_without_mask_is_the_plain_one():
    everything = np.ones(4, bool)
    expected = [numpy_softmax(row, everything) for row in LOGITS]
    np.testing.assert_allclose(
        ops.convert_to_numpy(softmax(LOGITS)), expected, atol=1e-6
    )


def test_excluded_entries_get_exactly_zero():
    got = ops.convert_to_numpy(softmax(LOGITS, MASK))
    assert (got[~MASK] == 0).all()


def test_fully_masked_row_gives_zeros():
    got = ops.convert_to_numpy(softmax(LOGITS, np.zeros((2, 4), bool)))
    assert (got == 0).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_masked_softmax_is_finite_in_half_precision(dtype):
    # As large as float16 can hold: a constant that is subtracted would overflow.
    got = softmax(np.array([[6e4, -6e4, 1.0]]), np.array([[True, False, True]]), dtype)
    assert np.isfinite(ops.convert_to_numpy(ops.cast(got, "float32"))).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_fully_masked_row_gives_zeros_in_half_precision(dtype):
    got = softmax(LOGITS, np.zeros((2, 4), bool), dtype)
    assert (ops.convert_to_numpy(ops.cast(got, "float32")) == 0).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_masked_softmax_keeps_the_dtype(dtype):
    assert backend.standardize_dtype(softmax(LOGITS, MASK, dtype).dtype) == dtype


def test_masked_softmax_ignores_huge_excluded_logits():
    # The lesson's fault: with 1e10 taken away, 1e11 would still win.
    got = softmax(np.array([[1e11, 0.0, 0.0]]), np.array([[False, True, True]]))
    np.testing.assert_allclose(ops.convert_to_numpy(got), [[0, 0.5, 0.5]], atol=1e-6)


def test_masked_softmax_tells_very_low_logits_apart():
    got = softmax(np.array([[-2e10, -1e10, 0.0]]), np.array([[True, True, False]]))
    np.testing.assert_allclose(ops.convert_to_numpy(got), [[0, 1, 0]], atol=1e-6)
