"""How often each token occurs."""

from typing import Any

from keras import ops

Tensor = Any


def occurrences(ids: Tensor, counted: Tensor, size: int) -> Tensor:
    """How often each of V ids occurs in each row.

    Args:
        ids: int32, (N, M).
        counted: bool, (N, M): which of them count.
        size: V.

    Returns:
        float32, (N, V).
    """
    rows = ids.shape[0]
    # What does not count is put into one column more, and that is cut off.
    column = ops.where(ops.logical_and(counted, ids < size), ids, size)
    places = column + ops.arange(rows, dtype="int32")[:, None] * (size + 1)
    flat = ops.reshape(places, (-1,))
    ones = ops.ones_like(flat, "float32")
    sums = ops.segment_sum(ones, flat, num_segments=rows * (size + 1))
    return ops.reshape(sums, (rows, size + 1))[:, :size]
