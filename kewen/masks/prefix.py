"""The beginning is read as a whole, the rest is written word by word."""

from typing import Any

from keras import ops

from kewen.masks.causal import causal
from kewen.masks.combination import all_of, any_of
from kewen.masks.padding import from_lengths, padding

Tensor = Any


def prefix(lengths: Tensor, padding_mask: Tensor) -> Tensor:
    """Every query sees the prefix; those after it see their own past as well.

    It is `unilm` with segment 0 for the prefix and 1 for the rest, said by lengths.

    Args:
        lengths: int, (B,). Columns of each row's prefix, padding before it included.
        padding_mask: bool, (B, T). True where a token is.

    Returns:
        bool, (B, T, T). `[b, t, s]` is True where query t may look at key s.

    Source: Raffel et al., 2020, section 3.2.1 (arXiv 1910.10683), "prefix LM";
    lesson 6933.
    """
    length: Any = ops.shape(padding_mask)[1]
    in_prefix = ops.expand_dims(from_lengths(lengths, length), 1)
    return all_of(any_of(in_prefix, causal(length)), padding(padding_mask))
