"""Zip archives from strangers: what `.npz` and torch files are made of.

The directory is checked before use: no entry twice, none that overlaps another, nothing
encrypted, and no bomb. The CRC-32 of an entry is verified before any of it is given
out. Stored entries are then read by byte range, so a tensor in the middle of a large
entry costs only itself; deflated ones are inflated whole.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from struct import error as StructError
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kewen.checkpoints.source_file import SourceFile
from kewen.errors import CheckpointError

MAX_INFLATED_BYTES = 1 << 28  # a compressed archive may always grow to this ...
MAX_RATIO = 200  # ... and beyond it only by this factor
LOCAL_HEADER_BYTES = 30
CHUNK_BYTES = 1 << 22


class ZipArchive:
    """The entries of a zip file.

    Args:
        path: the file.

    Raises:
        CheckpointError: if it is no sound archive, or one made to exhaust memory.
    """

    def __init__(self, path: Path):
        self.path = path
        self._file = SourceFile(path)
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            StructError,
            EOFError,
            OSError,
            ValueError,
            OverflowError,
            RuntimeError,
        ) as error:
            raise self._broken(str(error)[:200]) from error
        files = [info for info in infos if not info.filename.endswith("/")]
        self._entries = {info.filename: info for info in files}
        self._verified: set[str] = set()
        self._check(infos)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size_of(self, name: str) -> int:
        """Bytes of an entry when it is inflated."""
        return self._entries[name].file_size

    def peek(self, name: str, count: int) -> NDArray[np.uint8]:
        """At most `count` bytes from the start of an entry, not verified.

        For tables of contents: opening a file must not cost reading all of it.
        """
        info = self._entries[name]
        return self._bytes(info, 0, min(count, info.file_size))

    def read(
        self, name: str, count: int | None = None, *, start: int = 0
    ) -> NDArray[np.uint8]:
        """Bytes of an entry from `start`, at most `count`; None reads to its end.

        Raises:
            CheckpointError: if any byte of the entry is not the one that was written.
        """
        info = self._entries[name]
        size = info.file_size
        start = min(start, size)
        stop = size if count is None else min(start + count, size)
        if _is_deflated(info) or (start, stop) == (0, size):
            whole = self._bytes(info, 0, size)
            self._verify(info, [whole])
            return whole[start:stop]
        self._verify_once(info)
        return self._bytes(info, start, stop)

    def open(self, name: str, mode: str = "r") -> BinaryIO:
        """An entry as a file that can seek; a deflated one lies in memory.

        Args:
            name: of the entry.
            mode: none but "r"; `zipfile.ZipFile.open` has it, for which this stands in.

        Raises:
            CheckpointError: as `read`.
        """
        info = self._entries[name]
        if _is_deflated(info):
            return io.BytesIO(self.read(name).data)
        self._verify_once(info)
        return io.BufferedReader(_StoredEntry(self, name), 1 << 16)

    def _verify_once(self, info: zipfile.ZipInfo) -> None:
        """Verify a stored entry a chunk at a time, unless it has been."""
        if info.filename in self._verified:
            return
        begins = range(0, info.file_size, CHUNK_BYTES)
        ends = (min(begin + CHUNK_BYTES, info.file_size) for begin in begins)
        self._verify(info, map(self._bytes, repeat(info), begins, ends))
        self._verified.add(info.filename)

    def _verify(
        self, info: zipfile.ZipInfo, parts: Iterable[NDArray[np.uint8]]
    ) -> None:
        """Raise unless the parts of an entry have the CRC-32 that is stated for it."""
        crc = 0
        for part in parts:
            crc = zlib.crc32(part.data, crc)
        # Zero is none: torch.serialization.set_crc32_options(False) leaves them out.
        if info.CRC not in (0, crc):
            raise self._broken(
                f"{info.filename!r} whose CRC-32 is {crc:08x} and not {info.CRC:08x}"
            )

    def _bytes(self, info: zipfile.ZipInfo, start: int, stop: int) -> NDArray[np.uint8]:
        offset = self._data_offset(info)
        if not _is_deflated(info):
            return self._file.read(offset + start, stop - start)
        packed = self._file.read(offset, info.compress_size)
        return self._inflate(info.filename, packed, stop)[start:]

    def _inflate(
        self, name: str, packed: NDArray[np.uint8], stop: int
    ) -> NDArray[np.uint8]:
        limit = max(stop, 1)  # to zlib, 0 is no limit
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed.data, limit)
        except zlib.error as error:
            raise self._broken(f"{name!r} that does not inflate: {error}") from error
        if len(data) != stop:
            raise self._broken(f"{name!r} with {len(data)} bytes of the {stop} stated")
        return np.frombuffer(bytearray(data), np.uint8)

    def _data_offset(self, info: zipfile.ZipInfo) -> int:
        """Where the data begins: after a local header with lengths of its own."""
        head = self._file.read(info.header_offset, LOCAL_HEADER_BYTES).tobytes()
        if head[:4] != b"PK\x03\x04":
            raise self._broken(f"no entry where {info.filename!r} should begin")
        name_length = int.from_bytes(head[26:28], "little")
        extra_length = int.from_bytes(head[28:30], "little")
        return info.header_offset + LOCAL_HEADER_BYTES + name_length + extra_length

    def _check(self, infos: list[zipfile.ZipInfo]) -> None:
        seen: set[str] = set()
        for info in infos:
            if info.filename in seen:
                raise self._broken(f"{info.filename!r} twice")
            if not info.filename:
                raise self._broken("an entry without a name")
            seen.add(info.filename)
            if info.flag_bits & 0x1:
                raise self._broken(f"{info.filename!r} encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._broken(f"{info.filename!r} in an unusual compression")
            if not _is_deflated(info) and info.compress_size != info.file_size:
                raise self._broken(f"{info.filename!r} with two sizes")
        if sum(info.compress_size for info in infos) > self._file.size:
            raise self._broken("entries that overlap")
        inflated = sum(info.file_size for info in infos)
        if inflated > max(MAX_INFLATED_BYTES, MAX_RATIO * self._file.size):
            raise self._broken(
                f"{self._file.size} bytes that would inflate to {inflated}: a zip bomb"
            )

    def _broken(self, received: str) -> CheckpointError:
        return CheckpointError(
            f"{self.path} must be a sound zip archive, as .npz and torch files are. "
            f"Received: {received}. The file is truncated, corrupt or hostile: "
            "download it again from where you trust it."
        )


class _StoredEntry(io.RawIOBase):
    """The bytes of a stored entry as a file, read a chunk at a time."""

    def __init__(self, archive: ZipArchive, name: str) -> None:
        super().__init__()
        self._archive, self._name = archive, name
        self._size, self._at = archive.size_of(name), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}
        self._at = max(begin[whence] + offset, 0)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        into = memoryview(buffer).cast("B")
        count = min(len(into), CHUNK_BYTES)
        data = self._archive.read(self._name, count, start=self._at)
        into[: data.size] = data.data
        self._at += data.size
        return data.size


def _is_deflated(info: zipfile.ZipInfo) -> bool:
    return info.compress_type == zipfile.ZIP_DEFLATED
