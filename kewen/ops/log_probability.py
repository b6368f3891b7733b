"""How likely was the one that came?"""

from typing import Any

from keras import ops

Tensor = Any


def log_probability(logits: Tensor, ids: Tensor) -> Tensor:
    """`log softmax(logits)` at one place of each row.

    In float32 even under mixed precision: a sum over classes loses bits in half.

    Args:
        logits: float, (..., V).
        ids: int, (...). What is below 0, as padding, counts as 0.

    Returns:
        float32, (...).
    """
    log_p = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    chosen = ops.expand_dims(ops.maximum(ops.cast(ids, "int32"), 0), -1)
    return ops.squeeze(ops.take_along_axis(log_p, chosen, axis=-1), -1)
