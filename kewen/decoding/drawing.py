"""An id by chance, from scores and one random number a row."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from keras import ops

Tensor = Any
BLOCK = 256  # scores that are summed at a time: sums of sums stay exact enough
BELOW_ONE = np.float32(1 - 2**-22)  # float32 rounds larger ones to the whole sum


def drawn(logits: Tensor, uniforms: Tensor) -> Tensor:
    """The id whose interval of the distribution function a number falls into.

    Args:
        logits: float32, (N, V); softmax of a row is its law.
        uniforms: float32, (N,), from [0, 1).

    Returns:
        int32, (N,): never an id whose score is -inf, unless all are.
    """
    rows, size = logits.shape
    blocks = -(-size // BLOCK)
    weights = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    weights = ops.pad(weights, ((0, 0), (0, blocks * BLOCK - size)))
    weights = ops.reshape(weights, (rows, blocks, BLOCK))
    sums = ops.cumsum(ops.sum(weights, axis=-1), axis=-1)
    aim = ops.minimum(uniforms, BELOW_ONE) * sums[:, -1]
    block = _first_above(sums, aim)
    before = ops.where(block > 0, _at(sums, ops.maximum(block - 1, 0)), 0.0)
    inner = ops.take_along_axis(weights, block[:, None, None], axis=1)[:, 0]
    inner = ops.cumsum(inner, axis=-1)
    # Rounding may leave the block's own sum a little short of what `sums` says.
    rest = ops.minimum(aim - before, BELOW_ONE * inner[:, -1])
    return ops.cast(block * BLOCK + _first_above(inner, rest), "int32")


def keys_of(rows: Sequence[Sequence[int]]) -> list[bytes]:
    """What tells each text from others: its ids, and how many equals came before."""
    seen: dict[bytes, int] = {}
    keys = []
    for row in rows:
        key = blake2b(np.asarray(row, "<i4").tobytes(), digest_size=16).digest()
        seen[key] = number = seen.get(key, -1) + 1
        keys.append(key + number.to_bytes(8, "little"))
    return keys


def uniforms(seed: int, key: bytes, count: int, dtype: Any = "float32") -> np.ndarray:
    """The random numbers of one text: (count,), from [0, 1).

    The same for the same seed and key, wherever the text stands in a batch; a longer
    list begins with the shorter one.

    Args:
        seed: of the whole call.
        key: tells this text from others, see `keys_of`.
        count: how many.
        dtype: "float32" or "float64".
    """
    words = np.frombuffer(key.ljust(-(-len(key) // 4) * 4, b"\0"), "<u4")
    entropy = [seed & (2**64 - 1), len(key), *words.tolist()]
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
    return generator.random(count, dtype=dtype)


def _first_above(sums: Tensor, aim: Tensor) -> Tensor:
    return ops.argmax(ops.cast(sums > aim[:, None], "int32"), axis=-1)


def _at(sums: Tensor, index: Tensor) -> Tensor:
    return ops.take_along_axis(sums, index[:, None], axis=1)[:, 0]
