"""One encoder as a sequence-to-sequence model: the mask does it."""

from typing import Any

from keras import ops

from kewen.errors import ShapeError
from kewen.masks.combination import all_of
from kewen.masks.padding import padding

Tensor = Any


def unilm(segment_ids: Tensor, padding_mask: Tensor) -> Tensor:
    """Source tokens see the source; target tokens see the source and their own past.

    The running sum of the segments is constant on the source and grows by one a target
    token, so "not later than me" is one comparison. Padding carries segment 0 and would
    slip in by that rule alone; hence the conjunction (lesson 6933, pitfalls).

    Args:
        segment_ids: int, (B, T). 0 for source, 1 for target.
        padding_mask: bool, (B, T). True where a token is.

    Returns:
        bool, (B, T, T). `[b, t, s]` is True where query t may look at key s.

    Raises:
        ShapeError: if the two shapes differ.

    Example: segments `[[0, 0, 1, 1]]` give rows `1100 1100 1110 1111`.

    Source: Dong et al., 2019, section 2 (arXiv 1905.03197). Their "S2S" is our "unilm".
    """
    if tuple(segment_ids.shape) != tuple(padding_mask.shape):
        raise ShapeError(
            "segment_ids and padding_mask must both be (B, T). "
            f"Received: segment_ids {tuple(segment_ids.shape)}, "
            f"padding_mask {tuple(padding_mask.shape)}. Pad both with data.pad_rows."
        )
    order = ops.cumsum(ops.cast(segment_ids, "int32"), axis=1)
    not_later = ops.expand_dims(order, 1) <= ops.expand_dims(order, 2)
    return all_of(not_later, padding(padding_mask))
