"""Mean, maximum and deviation over the tokens of a sequence, blind to padding."""

from typing import Any

from keras import backend, ops

Tensor = Any


def masked_mean(inputs: Tensor, padding_mask: Tensor) -> Tensor:
    """Mean over tokens; zeros for a row without any (lesson 6810).

    Args:
        inputs: float, (B, T, C).
        padding_mask: bool, (B, T). True where a token is. It comes from ids or lengths,
            never from "not zero": a zero may be a value like any other.

    Returns:
        Float, (B, C), of the same dtype.
    """
    return ops.cast(_mean(ops.cast(inputs, "float32"), padding_mask), inputs.dtype)


def masked_std(inputs: Tensor, padding_mask: Tensor) -> Tensor:
    """Standard deviation over tokens (divided by N, not N - 1); likewise.

    A single token, and none, have a deviation of zero, with a gradient of zero.
    """
    is_token = ops.cast(padding_mask, "bool")[:, :, None]
    # A pad may hold NaN: what is only left out later still spoils the slope.
    values = ops.where(is_token, ops.cast(inputs, "float32"), 0.0)
    mean = _mean(values, padding_mask)
    variance = _mean(ops.square(values - mean[:, None]), padding_mask)
    # The root has no slope at zero: there it is taken of one instead, and left out.
    spread = variance > 0
    root = ops.sqrt(ops.where(spread, variance, 1.0))
    return ops.cast(ops.where(spread, root, 0.0), inputs.dtype)


def masked_max(inputs: Tensor, padding_mask: Tensor) -> Tensor:
    """Maximum over tokens; zeros for a row without any."""
    is_token = ops.cast(padding_mask, "bool")
    # Below every number of the dtype, yet finite: -inf times zero would be NaN.
    half = backend.standardize_dtype(inputs.dtype) == "float16"
    lowest = ops.cast(-65504.0 if half else -3.38e38, inputs.dtype)
    highest = ops.max(ops.where(is_token[:, :, None], inputs, lowest), axis=1)
    return ops.where(ops.any(is_token, axis=1)[:, None], highest, 0.0)


def _mean(values: Tensor, padding_mask: Tensor) -> Tensor:
    # In float32: a sum overflows float16, and bfloat16 cannot count to 257.
    is_token = ops.cast(padding_mask, "bool")
    kept = ops.where(is_token[:, :, None], values, 0.0)  # a pad may hold NaN
    count = ops.sum(ops.cast(is_token, "float32"), axis=1)
    return ops.sum(kept, axis=1) / ops.maximum(count, 1)[:, None]
