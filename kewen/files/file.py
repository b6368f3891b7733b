"""Writing one file so that a reader sees the old content or the new, never a part."""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, overload

from kewen.errors import ConfigError, FileError
from kewen.files.durable import (
    explained,
    fsync,
    fsync_folder,
    make_parent,
    refuse_overwrite,
)
from kewen.files.temporary import temporary

# File systems without hard links (FAT, many network mounts) answer with one of these.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@overload
def atomic_write(
    path: str | os.PathLike[str], *, overwrite: bool = False, mode: Literal["wb"] = "wb"
) -> AbstractContextManager[IO[bytes]]: ...
@overload
def atomic_write(
    path: str | os.PathLike[str], *, overwrite: bool = False, mode: Literal["w"]
) -> AbstractContextManager[IO[str]]: ...
def atomic_write(
    path: str | os.PathLike[str], *, overwrite: bool = False, mode: str = "wb"
) -> AbstractContextManager[IO[Any]]:
    r"""Open a temporary file beside `path` that becomes `path` at the block's end.

    The content is on the disk (fsync) before the name is, so a crash or power cut
    leaves the old file or the new one. On any exception the temporary file is removed
    and `path` is what it was; only a kill -9 leaves it behind, hidden, as
    `.kewen-*.tmp`, until the next write into that folder. Missing parent folders are
    made. A new file gets the rights that the umask gives; a replaced one keeps those it
    had. A link at `path` is replaced, not followed.

    Args:
        path: the file to make.
        overwrite: replace a file that is there. Without it, an existing file is refused
            at once, and once more, without a race, when the block ends.
        mode: "wb" for bytes, "w" for text (UTF-8, `\n` line ends on every system).

    Returns:
        A context manager whose value is the open file. It may be closed early.

    Raises:
        FileError: if `path` exists, is no regular file, or cannot be written.
    Example: `with atomic_write("a.json", mode="w") as file: file.write("{}")`.
    """
    if mode not in ("wb", "w"):
        raise ConfigError(f'mode must be "wb" or "w". Received: {mode!r}.')
    return _atomic_write(Path(path), overwrite, mode)


@contextmanager
def _atomic_write(path: Path, overwrite: bool, mode: str) -> Generator[IO[Any]]:
    rights = _rights_of_replaced(path, overwrite)
    make_parent(path)

    def make(new: Path) -> None:
        with explained(path, medium_only=False):
            _make_new(new)

    with temporary(path.parent, make) as new:
        with explained(path, medium_only=False):
            file = _open(new, mode)
        with explained(path, medium_only=True), file:
            yield file
        with explained(path, medium_only=False):
            if rights is not None:
                new.chmod(rights)
            fsync(new)
            if overwrite:
                new.replace(path)
            else:
                _publish_new(new, path)
    fsync_folder(path.parent)


def _rights_of_replaced(path: Path, overwrite: bool) -> int | None:
    """The rights a replaced file hands on; None for a new file or a replaced link."""
    with explained(path, medium_only=False):
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        raise FileError(
            f"{path} must be a file or not exist yet. Received: a folder or a device. "
            "Choose the name of a file."
        )
    if not overwrite:
        raise refuse_overwrite(path)
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None


def _make_new(path: Path) -> None:
    # Not `tempfile`: its files are private (0600) whatever the umask says.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def _open(path: Path, mode: str) -> IO[Any]:
    if mode == "wb":
        return path.open("wb")
    return path.open("w", encoding="utf-8", newline="\n")


def _publish_new(new: Path, path: Path) -> None:
    """Give the finished file its name unless somebody took that name meanwhile.

    A rename replaces silently, so the name is given by a hard link, which fails on an
    existing name and is complete at once. Where no links exist, an empty placeholder is
    created exclusively and renamed over: as free of races, but a power cut between the
    two steps leaves the placeholder.
    """
    try:
        try:
            path.hardlink_to(new)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            new.replace(path)
    except FileExistsError:
        raise refuse_overwrite(path) from None
