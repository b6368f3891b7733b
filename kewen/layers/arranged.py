"""Keys and values as a decoder keeps them: in the order in which products read them.

A step asks few queries of many keys. Both products then run along the last axis of what
is kept, and nothing is turned around first: keys are (N G, K, S), values (N G, S, D).
Rows and heads are one axis. Apart, one row's axis of length 1 would make XLA write the
newest column twice, and copy all the others for it.
"""

from typing import Any

from keras import ops

from kewen.ops import einsum

Tensor = Any


def arranged(key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """(N, S, G, K) and (N, S, G, D) to (N G, K, S) and (N G, S, D)."""
    rows, count, heads, size = key.shape
    key = ops.reshape(ops.transpose(key, (0, 2, 3, 1)), (rows * heads, size, count))
    value = ops.swapaxes(value, 1, 2)
    return key, ops.reshape(value, (rows * heads, count, value.shape[3]))


def logits_of(query: Tensor, keys: Tensor, dtype: Any = None) -> Tensor:
    """(N, T, H, K) by arranged keys to (N, H, T, S); H / G heads ask one group."""
    rows, count, heads, size = query.shape
    grouped = ops.reshape(ops.swapaxes(query, 1, 2), (keys.shape[0], -1, size))
    found = einsum("gxk,gks->gxs", grouped, keys, dtype=dtype)
    return ops.reshape(found, (rows, heads, count, keys.shape[2]))


def mixture_of(shares: Tensor, values: Tensor) -> Tensor:
    """(N, H, T, S) of arranged values to (N, T, H, D)."""
    rows, heads, count, slots = shares.shape
    grouped = ops.reshape(shares, (values.shape[0], -1, slots))
    found = einsum("gxs,gsd->gxd", grouped, values)
    return ops.swapaxes(ops.reshape(found, (rows, heads, count, -1)), 1, 2)
