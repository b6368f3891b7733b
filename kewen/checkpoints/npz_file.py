"""NumPy's `.npz`: a zip archive of `.npy` files, read without pickles."""

import io
import tokenize
import warnings
from pathlib import Path
from typing import Any

from numpy.lib import format as npy

from kewen.checkpoints.checkpoint import Array, Checkpoint, TensorInfo
from kewen.checkpoints.source_file import as_tensor
from kewen.checkpoints.zip_archive import ZipArchive
from kewen.errors import CheckpointError

HEADER_BYTES = 1 << 16  # npy's own limit of trust is 10,000


class NpzFile(Checkpoint):
    """The arrays of an `.npz`, which may be compressed; object arrays are refused."""

    format = "npz"

    def __init__(self, path: Path):
        self._archive = ZipArchive(path)
        self._headers: dict[str, tuple[int, bool]] = {}  # data offset, Fortran order
        super().__init__(path, [self._parse(entry) for entry in self._archive])

    def _parse(self, entry: str) -> TensorInfo:
        if not entry.endswith(".npy"):
            raise CheckpointError(
                f"{self._archive.path} must hold .npy entries only. Received: "
                f"{entry!r}. Save the arrays with numpy.savez."
            )
        shape, fortran, dtype, offset = self._parse_header(entry)
        name = entry.removesuffix(".npy")
        info = TensorInfo(name=name, shape=shape, dtype=dtype, file=self._archive.path)
        self._headers[name] = offset, fortran
        if offset + info.nbytes != self._archive.size_of(entry):
            raise CheckpointError(
                f"Array {name} of {self._archive.path} must take {info.nbytes} bytes "
                f"for shape {shape} and dtype {dtype}. Received: "
                f"{self._archive.size_of(entry) - offset} bytes. The file is corrupt."
            )
        return info

    def _parse_header(self, entry: str) -> tuple[tuple[int, ...], bool, Any, int]:
        """Shape, Fortran order, dtype and data offset of one `.npy`."""
        head = io.BytesIO(self._archive.peek(entry, HEADER_BYTES).tobytes())
        try:
            readers = {
                (1, 0): npy.read_array_header_1_0,
                (2, 0): npy.read_array_header_2_0,
            }
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of headers that Python 2 wrote
                shape, fortran, dtype = readers[npy.read_magic(head)](head)
        except (
            KeyError,
            ValueError,
            TypeError,
            SyntaxError,
            RecursionError,
            MemoryError,
            tokenize.TokenError,
        ) as error:
            raise CheckpointError(
                f"{entry} of {self._archive.path} must be an array in the .npy format. "
                f"Received: {str(error)[:200]}. The file is corrupt."
            ) from error
        sound = all(type(length) is int and length >= 0 for length in shape)
        if dtype.kind not in "biufc" or not sound:
            raise CheckpointError(
                f"{entry} of {self._archive.path} must be an array of numbers. "
                f"Received: dtype {dtype}, shape {shape}. Objects are never unpickled: "
                "save plain arrays."
            )
        return shape, fortran, dtype, head.tell()

    def _read(self, info: TensorInfo) -> Array:
        offset, fortran = self._headers[info.name]
        data = self._archive.read(f"{info.name}.npy")[offset:]
        if fortran:
            turned = TensorInfo(
                name=info.name, shape=info.shape[::-1], dtype=info.dtype, file=info.file
            )
            return as_tensor(data, turned).transpose()
        return as_tensor(data, info)
