"""Lost text in a disk or its image: every place where a remembered piece still stands.

A deleted file's blocks keep their content until something else is written there, so a
piece of its text finds them (lesson 4491, with `grep` over the raw device). Several old
versions may stand on a disk: all are found, not the first.
"""

import codecs
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kewen.errors import ConfigError, FileError, NotFoundError

MOST_BYTES = 1 << 28  # of context on one side, and of a chunk


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """One place where the fragment stands."""

    offset: int  # of the fragment, in bytes from the source's start
    start: int  # of the text, likewise
    text: str  # the fragment with what stands around it


def recover_text(
    source: str | os.PathLike[str],
    fragment: str,
    *,
    before: int = 1024,
    after: int = 4096,
    encoding: str = "utf-8",
    errors: str = "replace",
    chunk_size: int = 1 << 22,
    on_progress: Callable[[int, int], object] = lambda read, size: None,
) -> Iterator[Recovered]:
    """Search any file, disk image or disk for a piece of text; read-only, in pieces.

    Memory does not grow with the source: at most `chunk_size`, the fragment and one
    hit's surroundings are held. Hits do not overlap, as with `grep`.

    Args:
        source: an ordinary file or a disk; opened for reading only.
        fragment: what is remembered of the text, the rarer the better.
        before: bytes of context before the fragment, at most. Text holds no zero byte
            (in encodings where the fragment has none), so the context ends there.
        after: likewise after it.
        encoding: of the lost text. UTF-16 and UTF-32 with their byte order ("-le").
        errors: what context that is no text becomes, as for `bytes.decode`.
        chunk_size: bytes that are read at a time.
        on_progress: is told after each chunk how many bytes were read, and the size.

    Yields:
        Hits in order of their offsets, as soon as they are found.

    Raises:
        ConfigError: for an empty fragment, or one that the encoding cannot say, and
            for numbers that cannot be.
        NotFoundError: if there is no such source.
        FileError: if it is a folder or a pipe, or cannot be read to its end.
    """
    wanted = _encoded(fragment, encoding)
    _check_errors(errors)
    for name, number, least in (
        ("before", before, 0),
        ("after", after, 0),
        ("chunk_size", chunk_size, 1),
    ):
        if not least <= number <= MOST_BYTES:
            raise ConfigError(
                f"{name} must be from {least} to {MOST_BYTES} bytes, which are held in "
                f"memory. Received: {number}."
            )
    return _hits(
        Path(source),
        wanted,
        _Context(before, after, encoding, errors),
        chunk_size,
        on_progress,
    )


def refuse_writing_onto(source: str | os.PathLike[str], status: os.stat_result) -> None:
    """Raise if what has this status is the source, or lies on the disk that it is.

    What is written to the disk that holds lost text may take the place of that text.

    Args:
        source: what will be searched.
        status: of the file to be written, or of the folder that will hold it.

    Raises:
        FileError: if so.
    """
    try:
        searched = Path(source).stat()
    except OSError:
        return  # the search itself will say what is wrong with it
    if os.path.samestat(searched, status) or (
        stat.S_ISBLK(searched.st_mode) and _lies_on(status.st_dev, searched.st_rdev)
    ):
        raise FileError(
            f"Results must not be written onto {source}, which is searched: they could "
            "overwrite the very text that is lost. Name a file on another disk."
        )


@dataclass(frozen=True)
class _Context:
    """How much around a hit is read, and what becomes of it."""

    before: int
    after: int
    encoding: str
    errors: str

    def around(self, file: BinaryIO, offset: int, wanted: bytes) -> Recovered:
        start = max(0, offset - self.before)
        file.seek(start)
        found = file.read(offset - start + len(wanted) + self.after)
        left, right = found[: offset - start], found[offset - start + len(wanted) :]
        if 0 not in wanted:  # elsewhere zero bytes belong to the text
            left = left[left.rfind(0) + 1 :]
            right = right.partition(b"\0")[0]
        # Each side alone: a character that is cut in front must not shift the fragment.
        left = self._from_whole_character(left)
        decoder = codecs.getincrementaldecoder(self.encoding)(self.errors)
        text = (
            left.decode(self.encoding, self.errors)
            + wanted.decode(self.encoding)
            + decoder.decode(right)  # not final: a character cut at the end is left out
        )
        return Recovered(offset=offset, start=offset - len(left), text=text)

    def _from_whole_character(self, left: bytes) -> bytes:
        """Without the rest of a character that the limit cut: four bytes at most."""
        broken = [
            left[cut:].decode(self.encoding, "replace").count("\ufffd")
            for cut in range(min(4, len(left) + 1))
        ]
        return left[broken.index(min(broken)) :]


def _hits(
    path: Path,
    wanted: bytes,
    context: _Context,
    chunk_size: int,
    on_progress: Callable[[int, int], object],
) -> Iterator[Recovered]:
    with _opened(path) as file:
        size = file.seek(0, os.SEEK_END)  # the system knows no size of a disk's file
        # What a chunk's end and the next one's start have between them is searched
        # with the next one.
        kept, position = b"", 0
        while True:
            try:
                file.seek(position)
                chunk = file.read(chunk_size)
            except OSError as error:
                raise _unreadable(path, position, error) from error
            if not chunk:
                return
            window = kept + chunk
            window_start = position - len(kept)
            position += len(chunk)
            at = window.find(wanted)
            searched = 0
            while at >= 0:
                searched = at + len(wanted)
                try:
                    hit = context.around(file, window_start + at, wanted)
                except OSError as error:
                    raise _unreadable(path, window_start + at, error) from error
                yield hit
                at = window.find(wanted, searched)
            kept = window[max(searched, len(window) - len(wanted) + 1) :]
            on_progress(position, size)


def _encoded(fragment: str, encoding: str) -> bytes:
    if not fragment:
        raise ConfigError(
            "The fragment must be a piece of the lost text. Received: ''."
        )
    try:
        wanted = fragment.encode(encoding)
        twice = (fragment + fragment).encode(encoding)
    except LookupError:
        raise ConfigError(
            f"encoding must be one that Python knows, such as utf-8 or gb18030. "
            f"Received: {encoding!r}."
        ) from None
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"The fragment must be text that {encoding} can say. Received: {error}. "
            "Name another encoding or another piece of the text."
        ) from None
    if twice != wanted + wanted:  # marks of byte order, or shifts between alphabets
        raise ConfigError(
            "encoding must give a text the same bytes wherever it stands, such as "
            "utf-8, gb18030 or, with its byte order, utf-16-le. Received: "
            f"{encoding!r}."
        )
    return wanted


def _check_errors(errors: str) -> None:
    try:
        codecs.lookup_error(errors)
    except LookupError:
        raise ConfigError(
            'errors must be a way that Python knows, such as "replace" or "ignore". '
            f"Received: {errors!r}."
        ) from None


def _opened(path: Path) -> BinaryIO:
    """The source, unbuffered: every read says how much."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise NotFoundError(
            f"The source must be a file, a disk image or a disk. Received: {path}, "
            "which does not exist. Correct the path."
        ) from None
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        raise FileError(
            f"{path} must be a file, a disk image or a disk, which can be read at any "
            "place. Received: a folder, a pipe or another device. What a folder has "
            "lost stands on the disk below it: `df` names it, `dd` makes an image."
        )
    try:
        return path.open("rb", buffering=0)
    except PermissionError as error:
        raise FileError(
            f"{path} may not be read. Received from the system: {error}. Reading a "
            "disk needs an administrator's rights (sudo)."
        ) from error


def _unreadable(path: Path, position: int, error: OSError) -> FileError:
    return FileError(
        f"{path} cannot be read at byte {position:,}. Received from the system: "
        f"{error}. All hits before it were given. Make an image that leaves bad places "
        "out (`ddrescue`) and search that."
    )


def _lies_on(device: int, disk: int) -> bool:
    """Whether a file system's device is this disk, or (Linux knows) a part of it."""
    if device == disk:
        return True
    part = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    try:
        whole = (part.parent / "dev").read_text("ascii").strip()
    except OSError:
        return False
    return whole == f"{os.major(disk)}:{os.minor(disk)}"
