"""From scores to shares: softmax, and what has been put in its place."""

import math
from typing import Any

from keras import ops

from kewen.errors import ConfigError
from kewen.ops.softmax import masked_softmax

Tensor = Any
NORMALIZATIONS = ("softmax", "softmax_plus", "squared_relu")
TRAINED_LENGTH = 512  # keys at which softmax_plus is softmax
FEWEST = 16  # keys that it counts at least


def attention_probabilities(
    logits: Tensor, mask: Tensor | None = None, normalization: str = "softmax"
) -> Tensor:
    """What each query takes of each key.

    Args:
        logits: float, (B, H, T, S).
        mask: bool, broadcastable to `logits`. True where query t may look at key s; n
            below is how many keys a query may look at.
        normalization: "softmax"; "softmax_plus", softmax of the logits times
            `log n / log 512`, so that the entropy depends less on n; or "squared_relu",
            `relu(logits) ** 2 / n`, whose shares do not sum to one.

    Returns:
        Float, as `logits`; a query that may look at nothing gets zeros.

    Raises:
        ConfigError: if there is no such normalization.

    Source: kexue.fm 8823, "entropy invariance" (softmax_plus; n is at least 16 here, as
    in bert4keras); Hua et al., 2022, section 3 (arXiv 2202.10447), squared_relu.
    """
    check_normalization(normalization)
    if normalization == "softmax":
        return masked_softmax(logits, mask)
    if mask is None:
        count = ops.cast(ops.shape(logits)[-1], "float32")
    else:
        count = ops.sum(ops.cast(mask, "float32"), axis=-1, keepdims=True)
    if normalization == "softmax_plus":
        factor = ops.log(ops.maximum(count, FEWEST)) / math.log(TRAINED_LENGTH)
        return masked_softmax(logits * ops.cast(factor, logits.dtype), mask)
    share = ops.cast(ops.reciprocal(ops.maximum(count, 1.0)), logits.dtype)
    squares = ops.square(ops.relu(logits)) * share
    return squares if mask is None else ops.where(mask, squares, 0.0)


def check_normalization(normalization: str) -> None:
    """Refuse what is none of `NORMALIZATIONS`.

    Raises:
        ConfigError: if there is no such normalization.
    """
    if normalization not in NORMALIZATIONS:
        raise ConfigError(
            f"A normalization of attention must be one of {NORMALIZATIONS}. "
            f"Received: {normalization!r}."
        )
