"""Arrays that a framework can take as they are, without a copy of its own.

JAX on the CPU, and whoever speaks DLPack, keeps a NumPy array's memory if it begins at
a cache line; `np.empty` promises 16 bytes only. A checkpoint read into such memory is
in memory once (docs/design/loading.md).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64  # bytes: a cache line, and what XLA asks for
STRIP = 64  # rows that are turned at a time; they fit into a core's own cache


def aligned_bytes(count: int) -> NDArray[np.uint8]:
    """Fresh memory of `count` bytes, not set to anything."""
    spare = np.empty(count + ALIGNMENT - 1, np.uint8)
    start = -spare.ctypes.data % ALIGNMENT
    return spare[start : start + count]


def aligned(array: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """The array itself if aligned, in C order and of `dtype`; else such a copy."""
    array = np.asarray(array)
    wanted = array.dtype if dtype is None else np.dtype(dtype)
    if (
        array.dtype == wanted
        and array.flags.c_contiguous
        and array.ctypes.data % ALIGNMENT == 0
    ):
        return array
    copy = aligned_bytes(array.size * wanted.itemsize).view(wanted)
    copy = copy.reshape(array.shape)
    if array.flags.c_contiguous or array.ndim < 2:
        np.copyto(copy, array, casting="unsafe")
    else:
        _copy_in_strips(copy, array)
    return copy


def _copy_in_strips(copy: NDArray[Any], array: NDArray[Any]) -> None:
    """Copy a transposed array, some rows of what it is a view of at a time.

    NumPy goes by the order of the copy, and so fetches each row of the memory again
    for each number of it; in strips it takes a fifth of the time.
    """
    strides = np.abs(array.strides)
    outer, inner = int(strides.argmax()), int(strides.argmin())
    row = max(array.shape[inner] * array.itemsize, 1)  # bytes
    step = max(STRIP * row // max(int(strides[outer]), 1), 1)
    places: list[Any] = [slice(None)] * array.ndim
    for start in range(0, array.shape[outer], step):
        places[outer] = slice(start, start + step)
        np.copyto(copy[tuple(places)], array[tuple(places)], casting="unsafe")
