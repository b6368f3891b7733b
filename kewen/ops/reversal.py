"""Each sequence of a batch back to front, padding where it is."""

from typing import Any

from keras import ops

Tensor = Any


def reverse_tokens(inputs: Tensor, padding_mask: Tensor) -> Tensor:
    """Reverse the tokens of every row; doing it twice changes nothing.

    With tokens [1 0 3 4 5] and three pads behind, [1 0 3 4 5 0 0 0] becomes
    [5 4 3 0 1 0 0 0]; reversing the whole row would bring the pads to the front, where
    a recurrent layer reads them first (lesson 6810).

    Args:
        inputs: (B, T) or (B, T, C), of any dtype.
        padding_mask: bool, (B, T). True where a token is; pads may stand on either
            side, or between tokens.

    Returns:
        Shape and dtype of `inputs`.
    """
    is_token = ops.cast(padding_mask, "bool")
    length = ops.shape(inputs)[1]
    places = ops.arange(length, dtype="int32")[None, :]
    # The places of a row's tokens, in order, then those of its pads.
    order = ops.argsort(ops.where(is_token, places, places + length), axis=1)
    ranks = ops.cumsum(ops.cast(is_token, "int32"), axis=1) - 1
    count = ops.sum(ops.cast(is_token, "int32"), axis=1, keepdims=True)
    mirrored = count - 1 - ranks
    partner = ops.take_along_axis(order, ops.maximum(mirrored, 0), axis=1)
    source = ops.where(is_token, ops.cast(partner, "int32"), places)
    for _ in inputs.shape[2:]:
        source = source[..., None]
    return ops.take_along_axis(inputs, source, axis=1)
