"""What every weight file looks like from outside: a lazy mapping from name to array.

The formats beside this file (`safetensors_file`, `torch_file`, `tf_bundle`,
`npz_file`) only say which tensors there are and how one of them is read.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kewen.errors import CheckpointError

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

MAX_AXES = 64  # NumPy's limit
MAX_BYTES = 1 << 62  # NumPy counts bytes in 64 bits, also where an axis is 0

TEXT = np.dtype(object)  # dtype of TensorFlow's string tensors: listed, never read


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """What is known of a tensor before its data is read."""

    name: str  # as in the file
    shape: Shape
    dtype: np.dtype[Any]  # bfloat16 and float8 are those of ml_dtypes
    file: Path  # the file that holds the data, a shard where there are several

    @property
    def size(self) -> int:
        """Number of elements, as a Python int that cannot overflow."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the array takes in memory."""
        return self.size * self.dtype.itemsize


class Checkpoint(Mapping[str, Array], ABC):
    """Name -> array of a weight file; each access reads one tensor from the disk.

    Names, shapes and dtypes are known after opening; `checkpoint[name]` reads and
    returns an array of its own each time, so memory is that of one tensor.
    No file stays open between two accesses.
    """

    format: str  # "safetensors", "torch", "tf", "gguf" or "npz"

    def __init__(self, path: Path, infos: Iterable[TensorInfo]):
        self.path = path
        self._infos = {info.name: info for info in infos}
        for info in self._infos.values():
            _check_shape(info)

    @abstractmethod
    def _read(self, info: TensorInfo) -> Array:
        """Read one tensor, checked as far as the format allows."""

    def info(self, name: str) -> TensorInfo:
        """Shape, dtype and file of a tensor, without reading it.

        Raises:
            KeyError: if no tensor has this name.
        """
        return self._infos[name]

    def close(self) -> None:
        """Forget the tensors; nothing can be read afterwards."""
        self._infos = {}

    def __getitem__(self, name: str) -> Array:
        return self._read(self._infos[name])

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def __repr__(self) -> str:
        count = len(self)
        return f"<{self.format} checkpoint {str(self.path)!r} of {count} tensors>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _check_shape(info: TensorInfo) -> None:
    """Raise for a shape that no array can have, although it may hold no element."""
    axes = [length for length in info.shape if length]
    if len(info.shape) > MAX_AXES or prod(axes) * info.dtype.itemsize > MAX_BYTES:
        raise CheckpointError(
            f"Tensor {info.name} of {info.file} must have a shape of {MAX_AXES} axes "
            f"at most whose bytes can be counted. Received: {len(info.shape)} axes, of "
            f"{max(map(int.bit_length, info.shape))} bits the longest. The file is "
            "corrupt or hostile: download it again from where you trust it."
        )
