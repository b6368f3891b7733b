"""GGUF, llama.cpp's format: metadata, a table of tensors, then their data.

Tensors are stored plain or in small blocks of quantised numbers; the latter are read as
float32, most kinds through the `gguf` package, a part at a time. Sizes and counts are
checked against the file before memory is asked for.

Source: the format's page in the GGML project (docs/gguf.md), versions 2 and 3.
"""

import struct
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from kewen.checkpoints.aligned import aligned_bytes
from kewen.checkpoints.checkpoint import Array, Checkpoint, TensorInfo
from kewen.checkpoints.gguf_blocks import QUICK
from kewen.checkpoints.source_file import SourceFile, as_tensor
from kewen.errors import CheckpointError, MissingExtraError, installing

MAGIC = b"GGUF"
MAX_HEADER_BYTES = 1 << 28  # vocabularies of published models take some 10 MB
MAX_DEPTH = 4  # of arrays in arrays; published files have none
PART = 1 << 13  # blocks that are made numbers at a time, so that they stay in cache

PLAIN: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<f2"),
    24: np.dtype("i1"),
    25: np.dtype("<i2"),
    26: np.dtype("<i4"),
    27: np.dtype("<i8"),
    28: np.dtype("<f8"),
    30: np.dtype(ml_dtypes.bfloat16),
}
# Type -> its name, numbers in a block, bytes of a block.
QUANTISED: dict[int, tuple[str, int, int]] = {
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    20: ("IQ4_NL", 32, 18),
    23: ("IQ4_XS", 256, 136),
}
_NUMBERS = dict(enumerate("BbHhIif?", 0)) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


class GgufFile(Checkpoint):
    """One `.gguf` file. Quantised tensors are listed and read as float32.

    Attributes:
        metadata: key -> number, string, or list of these.
    """

    format = "gguf"

    def __init__(self, path: Path):
        self._file = SourceFile(path)
        reader = _Header(self._file)
        self.metadata, infos, self._types, offsets = reader.read()
        self._offsets = offsets
        super().__init__(path, infos)

    def _read(self, info: TensorInfo) -> Array:
        kind = self._types[info.name]
        offset = self._offsets[info.name]
        if kind in PLAIN:
            return as_tensor(self._file.read(offset, info.nbytes), info)
        _, numbers, size = QUANTISED[kind]
        count = info.size // numbers
        dequantise = QUICK.get(kind) or _dequantiser(kind, info)
        # The table of tokens is most of a small model: the variable takes this memory.
        values = aligned_bytes(4 * count * numbers).view(np.float32)
        values = values.reshape(count, numbers)
        for first in range(0, count, PART):
            last = min(first + PART, count)
            data = self._file.read(offset + first * size, (last - first) * size)
            with np.errstate(
                all="ignore"
            ):  # a scale may be no number, in a spoiled file
                dequantise(data.reshape(-1, size), values[first:last])
        return values.reshape(info.shape)


def _dequantiser(
    kind: int, info: TensorInfo
) -> Callable[[NDArray[np.uint8], NDArray[np.float32]], None]:
    try:
        import gguf
    except ImportError as error:
        raise MissingExtraError(
            f"Tensor {info.name} of {info.file} is quantised ({QUANTISED[kind][0]}), "
            "which the package gguf reads. Received: no such package. Run, "
            f"{installing('gguf')}."
        ) from error
    own = gguf.GGMLQuantizationType(kind)

    def dequantise(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
        out[:] = gguf.quants.dequantize(blocks, own)

    return dequantise


class _Header:
    """Reads what stands before the data, which it holds in memory."""

    def __init__(self, file: SourceFile):
        self._path = file.path
        self._size = file.size
        self._data = file.read(0, min(file.size, MAX_HEADER_BYTES)).data
        self._at = 0

    def read(
        self,
    ) -> tuple[dict[str, Any], list[TensorInfo], dict[str, int], dict[str, int]]:
        """Metadata, tensors, their types, and where they begin in the file."""
        magic, version = bytes(self._data[:4]), 0
        if magic == MAGIC and self._size >= 24:
            self._at = 4
            version = self._number("I")
        if version not in (2, 3):
            raise self._broken(f"{magic!r} and version {version} at its beginning")
        tensors, pairs = self._number("Q"), self._number("Q")
        metadata: dict[str, Any] = {}
        for _ in range(self._count(pairs, 13)):
            key = self._string()
            metadata[key] = self._value(self._number("I"))
        found = [self._tensor() for _ in range(self._count(tensors, 24))]
        step = metadata.get("general.alignment", 32)
        if type(step) is not int or not 0 < step <= 1 << 16:
            raise self._broken(f"an alignment of {str(step)[:30]}")
        start = -(-self._at // step) * step
        infos: list[TensorInfo] = []
        types: dict[str, int] = {}
        offsets: dict[str, int] = {}
        for info, kind, offset, nbytes in found:
            if info.name in types:
                raise self._broken(f"two tensors called {info.name[:80]}")
            if offset % step or start + offset + nbytes > self._size:
                raise self._broken(f"tensor {info.name[:80]} beyond the file's end")
            infos.append(info)
            types[info.name] = kind
            offsets[info.name] = start + offset
        return metadata, infos, types, offsets

    def _tensor(self) -> tuple[TensorInfo, int, int, int]:
        """A tensor, its type, its offset in the data, and its bytes there."""
        name = self._string()
        axes = self._number("I")
        if axes > 8:
            raise self._broken(f"a tensor of {axes} axes")
        shape = tuple(self._number("Q") for _ in range(axes))[::-1]
        kind, offset = self._number("I"), self._number("Q")
        if kind in PLAIN:
            dtype, nbytes = PLAIN[kind], prod(shape) * PLAIN[kind].itemsize
        elif kind in QUANTISED:
            _, numbers, size = QUANTISED[kind]
            if not shape or shape[-1] % numbers:
                raise self._broken(f"rows of {shape[-1:]} in blocks of {numbers}")
            dtype, nbytes = np.dtype(np.float32), prod(shape) // numbers * size
        else:
            known = ", ".join(name for name, *_ in QUANTISED.values())
            raise CheckpointError(
                f"Tensor {name[:80]} of {self._path} must be plain or of {known}. "
                f"Received: type {kind}. Take the model in another quantisation."
            )
        info = TensorInfo(name=name, shape=shape, dtype=dtype, file=self._path)
        return info, kind, offset, nbytes

    def _value(self, kind: int, depth: int = 0) -> Any:
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY or depth == MAX_DEPTH:
            raise self._broken(f"a value of type {kind}")
        inner, count = self._number("I"), self._number("Q")
        if inner in _NUMBERS:
            code = _NUMBERS[inner]
            size = self._count(count, struct.calcsize(f"<{code}"))
            return list(struct.unpack(f"<{size}{code}", self._bytes_of(code, size)))
        return [self._value(inner, depth + 1) for _ in range(self._count(count, 8))]

    def _number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._bytes_of(code, 1))[0]

    def _bytes_of(self, code: str, count: int) -> memoryview:
        return self._take(struct.calcsize(f"<{code}") * count)

    def _string(self) -> str:
        content = bytes(self._take(self._number("Q")))
        return content.decode("utf-8", "replace")

    def _count(self, count: int, least: int) -> int:
        """A count of things that take `least` bytes each, if they can be there."""
        if count * least > len(self._data) - self._at:
            raise self._broken(f"a count of {count}")
        return count

    def _take(self, count: int) -> memoryview:
        begin, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise self._broken(f"a length of {count} at byte {begin}")
        return self._data[begin : self._at]

    def _broken(self, received: str) -> CheckpointError:
        return CheckpointError(
            f"{self._path} must be a GGUF file of version 2 or 3, its table within its "
            f"{self._size} bytes. Received: {received}. The file is truncated or "
            "corrupt: download it again."
        )
