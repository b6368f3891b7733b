"""A file whose byte ranges are read one at a time, always of the same version.

Nothing stays open and nothing is memory-mapped: a mapped file that is cut short by
another program kills the process, a read only fails. Whoever replaces the file while it
is in use gets an error instead of tensors of two versions.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.checkpoints.aligned import aligned_bytes
from kewen.checkpoints.checkpoint import Array, TensorInfo
from kewen.errors import CheckpointError, NotFoundError
from kewen.files import open_regular


class SourceFile:
    """Byte ranges of one file, bounded by its size.

    Args:
        path: an existing plain file; links are followed, since download caches are
            made of them.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with open_regular(path) as file:
                self._version = _version(os.fstat(file.fileno()))
        except FileNotFoundError as error:
            raise NotFoundError(
                f"A weight file is needed at {path}. Received: no such file. "
                "Download it again, or name the file that is there."
            ) from error
        except OSError as error:
            raise _unreadable(path, error) from error
        self.size = self._version[0]

    def read(self, offset: int, count: int) -> NDArray[np.uint8]:
        """Bytes `offset` to `offset + count`.

        Raises:
            CheckpointError: if the file ends before, or is not the file it was.
        """
        if offset < 0 or count < 0 or offset + count > self.size:
            raise CheckpointError(
                f"{self.path} must hold bytes {offset} to {offset + count}. Received: "
                f"a file of {self.size} bytes, so it is truncated or its table of "
                "contents is corrupt. Download it again."
            )
        data = aligned_bytes(count)
        try:
            with open_regular(self.path) as file:
                self._check_version(file.fileno())
                file.seek(offset)
                filled = file.readinto(data.data) if count else 0
                self._check_version(file.fileno())
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if filled != count:
            raise self._changed()
        return data

    def _check_version(self, descriptor: int) -> None:
        if _version(os.fstat(descriptor)) != self._version:
            raise self._changed()

    def _changed(self) -> CheckpointError:
        return CheckpointError(
            f"{self.path} must stay the same file while it is read. Received: another "
            "version since it was opened. Open the checkpoint again."
        )


def as_tensor(data: NDArray[np.uint8], info: TensorInfo) -> Array:
    """Little-endian bytes in C order as the array that `info` describes.

    Raises:
        CheckpointError: if the number of bytes is wrong, or a bool is neither 0 nor 1.
    """
    if data.size != info.nbytes:
        raise CheckpointError(
            f"Tensor {info.name} of {info.file} must be {info.nbytes} bytes for shape "
            f"{info.shape} and dtype {info.dtype}. Received: {data.size} bytes. The "
            "file is corrupt: download it again."
        )
    if info.dtype == np.bool_ and data.size and data.max() > 1:
        raise CheckpointError(
            f"Tensor {info.name} of {info.file} must hold bools, 0 or 1. Received: a "
            f"byte of {data.max()}. The file is corrupt: download it again."
        )
    return data.view(info.dtype).reshape(info.shape)


def _version(status: os.stat_result) -> tuple[Any, ...]:
    return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino


def _unreadable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{path} must be a weight file that can be read. Received: {error.strerror}. "
        "Check its kind and its permissions."
    )
