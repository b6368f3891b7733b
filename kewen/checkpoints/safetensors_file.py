"""Safetensors: a JSON header of names, shapes and offsets, then raw data.

The header is checked as a whole before anything is read: the tensors must fill the data
part without holes or overlaps, so that a truncated file is noticed when it is opened.
Source: the format page of the safetensors project.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from kewen.checkpoints.checkpoint import Array, Checkpoint, TensorInfo
from kewen.checkpoints.deferred import unread
from kewen.checkpoints.json_text import parse_object
from kewen.checkpoints.source_file import SourceFile, as_tensor
from kewen.errors import CheckpointError
from kewen.files import atomic_write

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
MAX_AXES = 64  # NumPy's limit

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
}
_CODES = {dtype: code for code, dtype in DTYPES.items()}


class SafetensorsFile(Checkpoint):
    """One `.safetensors` file."""

    format = "safetensors"

    def __init__(self, path: Path):
        self._file = SourceFile(path)
        header, self._start = _read_header(self._file)
        header.pop("__metadata__", None)
        parsed = [_parse_entry(path, name, entry) for name, entry in header.items()]
        _check_coverage(path, parsed, self._file.size - self._start)
        self._offsets = {info.name: begin for info, begin in parsed}
        super().__init__(path, [info for info, _ in parsed])

    def _read(self, info: TensorInfo) -> Array:
        offset = self._start + self._offsets[info.name]
        return as_tensor(self._file.read(offset, info.nbytes), info)


def write_safetensors(
    path: Path | str,
    tensors: Mapping[str, Array],
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write tensors to one file, atomically.

    Args:
        path: the file to write.
        tensors: name -> array; views and other byte orders are written in C order and
            little-endian.
        metadata: strings for the header; None writes `{"format": "pt"}`, which
            transformers asks for.
        overwrite: True replaces a file that is there.

    Raises:
        CheckpointError: if an array has a dtype that the format lacks.
        FileError: if the file is there and `overwrite` is False.
    """
    arrays = {name: unread(tensors[name]) for name in sorted(tensors)}
    codes = {name: _code_of(name, array) for name, array in arrays.items()}
    # Widest first, as the format's own writer does, so that all data is aligned.
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header: dict[str, object] = {
        "__metadata__": dict({"format": "pt"} if metadata is None else metadata)
    }
    end = 0
    for name in order:
        begin, end = end, end + arrays[name].nbytes
        header[name] = {
            "dtype": codes[name],
            "shape": list(arrays[name].shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path, overwrite=overwrite) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            array = np.ascontiguousarray(arrays[name], DTYPES[codes[name]])
            file.write(array.reshape(-1).view(np.uint8).data)


def _code_of(name: str, array: Array) -> str:
    code = _CODES.get(array.dtype.newbyteorder("<"))
    if code is None or name == "__metadata__":
        raise CheckpointError(
            f"A safetensors file holds tensors of {', '.join(DTYPES)} under any name "
            f"but __metadata__. Received: tensor {name} of dtype {array.dtype}. "
            "Convert or rename it first."
        )
    return code


def _read_header(file: SourceFile) -> tuple[dict[str, Any], int]:
    """The header, and where the data part begins."""
    if file.size < 8:
        raise CheckpointError(
            f"{file.path} must begin with the 8 bytes of its header's length. "
            f"Received: {file.size} bytes in all. It is truncated: download it again."
        )
    length = int.from_bytes(file.read(0, 8).tobytes(), "little")
    if length > min(MAX_HEADER_BYTES, file.size - 8):
        raise CheckpointError(
            f"{file.path} must hold a header within its {file.size} bytes, of at most "
            f"{MAX_HEADER_BYTES}. Received: a header length of {length}. The file is "
            "truncated or no safetensors file: download it again."
        )
    text = file.read(8, length).tobytes()
    return parse_object(text, f"The header of {file.path}"), 8 + length


def _parse_entry(path: Path, name: str, entry: Any) -> tuple[TensorInfo, int]:
    """One tensor of the header, and where its data begins."""
    try:
        code, sizes = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        numbers = (*sizes, begin, end)
        if not all(type(n) is int and n >= 0 for n in numbers) or type(code) is not str:
            raise ValueError("a size or a dtype that is none")
        if len(sizes) > MAX_AXES:
            raise ValueError(f"more than {MAX_AXES} axes")
    except (TypeError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"Tensor {name} of {path} must have a dtype, a shape and data_offsets. "
            f"Received: {str(entry)[:200]}. The file is corrupt: download it again."
        ) from error
    if code not in DTYPES:
        raise CheckpointError(
            f"Tensor {name} of {path} must be one of {', '.join(DTYPES)}. Received: "
            f"dtype {code[:50]}. Convert the file to one of these first."
        )
    info = TensorInfo(name=name, shape=sizes, dtype=DTYPES[code], file=path)
    if info.nbytes != end - begin:
        raise CheckpointError(
            f"Tensor {name} of {path} must take the bytes of its shape {sizes} and "
            f"dtype {code}. Received: offsets {begin} to {end}. The file is corrupt: "
            "download it again."
        )
    return info, begin


def _check_coverage(
    path: Path, tensors: list[tuple[TensorInfo, int]], available: int
) -> None:
    """The data part must be the tensors, one after the other, and nothing else."""
    end = 0
    for info, begin in sorted(tensors, key=lambda each: (each[1], each[0].nbytes)):
        if begin != end:
            raise CheckpointError(
                f"The tensors of {path} must follow each other without holes or "
                f"overlaps. Received: {info.name} at {begin} where {end} was due. The "
                "file is corrupt: download it again."
            )
        end = begin + info.nbytes
    if end != available:
        raise CheckpointError(
            f"{path} must hold {end} bytes of data, as its header says. Received: "
            f"{available} bytes. The file is truncated or corrupt: download it again."
        )
