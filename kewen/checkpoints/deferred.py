"""Arrays that are read when they are written, so that files larger than memory pass."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from kewen.checkpoints.checkpoint import Array, Checkpoint, Shape
from kewen.checkpoints.transforms import Transform, read_through, write_through


class Deferred:
    """An array whose shape and dtype are known, and whose values are read when asked.

    `np.asarray` asks. Nothing is kept: asked twice, it reads twice.

    Args:
        shape: of the array.
        dtype: of the array.
        read: gives the array.
    """

    def __init__(self, shape: Shape, dtype: Any, read: Callable[[], Array]) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self._read = read

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes that the array will take."""
        return prod(self.shape) * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self._read(), dtype)


def unread(value: Any) -> Any:
    """An array of whatever `np.asarray` takes; a `Deferred` as it is."""
    return value if isinstance(value, Deferred) else np.asarray(value)


def read_later(
    steps: Sequence[Transform],
    checkpoint: Checkpoint,
    names: Sequence[str],
    ours: Sequence[Shape],
) -> list[Deferred]:
    """What `read_through` gives of these tensors, each array when it is asked for."""

    def read(k: int) -> Array:
        return read_through(steps, [checkpoint[name] for name in names], ours)[k]

    dtype = np.result_type(*(checkpoint.info(name).dtype for name in names))
    return [Deferred(shape, dtype, partial(read, k)) for k, shape in enumerate(ours)]


def write_later(
    steps: Sequence[Transform], arrays: Sequence[Any], shapes: Sequence[Shape]
) -> Sequence[Any]:
    """What `write_through` gives, of shapes `shapes`; `Deferred` if an array is."""
    if not any(isinstance(array, Deferred) for array in arrays):
        return write_through(steps, arrays)

    def written(k: int) -> Array:
        return write_through(steps, [np.asarray(array) for array in arrays])[k]

    dtype = np.result_type(*(array.dtype for array in arrays))
    return [
        Deferred(shape, dtype, partial(written, k)) for k, shape in enumerate(shapes)
    ]
