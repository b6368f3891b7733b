"""Nobody looks at padding."""

from typing import Any

from keras import ops

Tensor = Any


def padding(padding_mask: Tensor) -> Tensor:
    """Every query may look at every key that is a token.

    Args:
        padding_mask: bool (or 0/1), (B, S). True where a token is.

    Returns:
        bool, (B, 1, S), for all queries alike.
    """
    return ops.expand_dims(ops.cast(padding_mask, "bool"), 1)


def from_lengths(lengths: Tensor, size: int) -> Tensor:
    """The padding mask of rows that are filled from the left.

    Args:
        lengths: int, (B,). Tokens in each row.
        size: S, the padded length.

    Returns:
        bool, (B, S). `[b, s]` is True where `s < lengths[b]`.
    """
    counts = ops.expand_dims(ops.cast(lengths, "int32"), 1)  # NumPy's are int64
    return ops.arange(size, dtype="int32")[None, :] < counts
