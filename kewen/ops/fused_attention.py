"""Attention by one call of Keras' own, which is a flash kernel where there is one."""

from typing import Any

import keras
from keras import ops

from kewen.ops.platform import on_jax_gpu

Tensor = Any


def fused_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    scale: float,
) -> Tensor:
    """Mixtures of the values; zeros for a query that may look at nothing.

    Args:
        query: float, (B, T, H, D).
        key: float, (B, S, G, D), H a multiple of G.
        value: float, (B, S, G, D).
        mask: bool, (B or 1, 1, T or 1, S), where queries may look.
        bias: float, broadcastable to (B, H, T, S). On torch only without a mask.
        scale: factor of the scores.

    Returns:
        Float, (B, T, H, D).
    """
    shown, added = mask, bias
    if keras.backend.backend() != "jax":  # whose op knows groups
        groups = query.shape[2] // key.shape[2]
        key, value = for_all_queries(key, groups), for_all_queries(value, groups)
    elif on_jax_gpu():
        pairs = (query.shape[1], key.shape[1])
        shown, added = _for_each_pair(mask, pairs), _for_each_pair(bias, pairs)
    mixed = ops.dot_product_attention(
        query, key, value, bias=added, mask=shown, scale=scale
    )
    if mask is None:
        return mixed
    # Keras' op averages over all keys where none is allowed.
    sees_any = ops.any(mask, axis=-1)  # (B or 1, 1, T or 1)
    sees_any = ops.expand_dims(ops.swapaxes(sees_any, 1, 2), -1)
    return ops.where(sees_any, mixed, ops.zeros_like(mixed))


def for_all_queries(heads: Tensor, groups: int) -> Tensor:
    """(B, S, G, D) to (B, S, H, D): each head for all queries of its group."""
    return heads if groups == 1 else ops.repeat(heads, groups, axis=2)


def _for_each_pair(tensor: Tensor | None, pairs: tuple[int, int]) -> Tensor | None:
    """With T and S in full, which cuDNN's kernel wants of a mask."""
    if tensor is None:
        return None
    return ops.broadcast_to(tensor, (*tensor.shape[:-2], *pairs))
