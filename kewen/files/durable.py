"""What writing a file and writing a folder share: fsync, and what errors say."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kewen.errors import FileError

# What the operating system answers when the medium, not the caller, is at fault.
_MEDIUM = {
    errno.ENOSPC: "the disk is full; free some space or choose another disk",
    errno.EDQUOT: "your disk quota is used up; free some space",
    errno.EFBIG: "the file system allows no file of this size",
    errno.EIO: "the disk reported a failure; check it, or write elsewhere",
}
_DENIED = {
    errno.EACCES: "you may not write there; choose another folder or fix its rights",
    errno.EPERM: "you may not write there; choose another folder or fix its rights",
    errno.EROFS: "it is mounted read-only; choose another folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder; correct the path",
    errno.EEXIST: "a part of the path is a file, not a folder; correct the path",
    errno.ENAMETOOLONG: "the name is too long for this file system; shorten it",
    errno.ENOENT: "its folder takes no files, or vanished; choose another folder",
}


def make_parent(path: Path) -> None:
    """Create the folder that will hold `path`: a long run must not fail at its end."""
    with explained(path, medium_only=False):
        path.parent.mkdir(parents=True, exist_ok=True)


def refuse_overwrite(path: Path) -> FileError:
    """The error for a target that exists and that nobody allowed to replace."""
    return FileError(
        f"{path} exists already, and nothing is overwritten unasked. It was left as it "
        "was. Choose another name, or pass overwrite=True (--overwrite on the command "
        "line) to replace it."
    )


def fsync(path: Path) -> None:
    """Force one closed file's content to the disk, so that a rename publishes data."""
    # Windows flushes only through a handle that may write.
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(path: Path) -> None:
    """Force a folder's list of names to the disk, where the system knows how."""
    # Windows opens no folders and some network file systems sync none; the files
    # themselves are safe by then, so this is no reason to report failure.
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


@contextmanager
def explained(path: Path, *, medium_only: bool) -> Generator[None]:
    """Turn the system's refusal to write `path` into a FileError that says what to do.

    Args:
        path: what was to be written.
        medium_only: translate only a full or failing disk. Meant for the caller's own
            code, whose other errors (a missing input file) are not about `path`.
    """
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        reasons = _MEDIUM if medium_only else _MEDIUM | _DENIED
        if error.errno is None or (medium_only and error.errno not in reasons):
            raise
        reason = reasons.get(error.errno, "see the system's words")
        raise FileError(
            f"{path} cannot be written: {reason}. Received from the system: {error}. "
            "Nothing was lost: what was there before is untouched, and no partial file "
            "remains."
        ) from error
