"""Softmax over the allowed entries only."""

from typing import Any

from keras import backend, ops

Tensor = Any


def masked_softmax(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the last axis; a row without any allowed entry gives zeros.

    Excluded logits are replaced, not shifted by a large constant: adding -1e10 makes
    all float32 logits equal where a row is masked as a whole, and overflows in float16
    (lesson 4765, "bugs in the repository's final code").

    Args:
        logits: float, (..., S).
        mask: bool, broadcastable to `logits`. True where an entry takes part.

    Returns:
        Float of the same shape and dtype; rows sum to one, or to zero if fully masked.
    """
    if mask is None:
        return ops.softmax(logits, axis=-1)
    # Finite, not -inf: -inf minus -inf is NaN in a fully masked row.
    half = backend.standardize_dtype(logits.dtype) == "float16"
    lowest = ops.cast(-6e4 if half else -1e30, logits.dtype)
    probabilities = ops.softmax(ops.where(mask, logits, lowest), axis=-1)
    return ops.where(mask, probabilities, ops.zeros_like(probabilities))


def soft_cap(logits: Tensor, cap: float) -> Tensor:
    """`cap * tanh(logits / cap)`: small logits stay, none is beyond `cap`.

    Source: Gemma team, 2024, section 2 (arXiv 2408.00118), "logit soft-capping".
    """
    return ops.tanh(logits / cap) * cap
