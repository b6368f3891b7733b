"""Arrays that a framework can take as they are, without a copy of its own.

JAX on the CPU, and whoever speaks DLPack, keeps a NumPy array's memory if it begins at
a cache line; `np.empty` promises 16 bytes only. A checkpoint read into such memory is
in memory once (docs/design/loading.md).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64  # bytes: a cache line, and what XLA asks for


def aligned_bytes(count: int) -> NDArray[np.uint8]:
    """Fresh memory of `count` bytes, not set to anything."""
    spare = np.empty(count + ALIGNMENT - 1, np.uint8)
    start = -spare.ctypes.data % ALIGNMENT
    return spare[start : start + count]


def aligned(array: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """The array itself if it is aligned, in C order and of `dtype`; else such a copy."""
    wanted = array.dtype if dtype is None else np.dtype(dtype)
    if (
        array.dtype == wanted
        and array.flags.c_contiguous
        and array.ctypes.data % ALIGNMENT == 0
    ):
        return array
    copy = aligned_bytes(array.size * wanted.itemsize).view(wanted)
    copy = copy.reshape(array.shape)
    np.copyto(copy, array, casting="unsafe")
    return copy
