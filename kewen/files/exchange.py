"""Putting a new folder where an old one stands, so that no moment has neither.

Linux swaps two names in one step. Elsewhere it takes two renames; a kill between them
leaves the old folder complete under a hidden name that follows from its own, and
`bring_back` gives it its name again.
"""

import ctypes
import errno
import functools
import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kewen.files import temporary

# From Linux' fcntl.h and fs.h.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
# An old kernel, or a file system that cannot.
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


def replace_folder(new: Path, path: Path) -> None:
    """Give the folder `new` the name `path`; the folder that had it is deleted.

    Raises:
        OSError: if it cannot be; `path` is then what it was.
    """
    if _swapped(new, path):
        temporary.remove(new)
        return
    old = _aside(path)
    temporary.remove(old)  # of an earlier kill: `path` stands, so nobody needs it
    lock = temporary.locked(path)
    try:
        path.rename(old)
        try:
            new.rename(path)
        except OSError:
            old.rename(path)
            raise
    finally:
        if lock is not None:
            os.close(lock)
    temporary.remove(old)


def bring_back(path: Path) -> None:
    """If a kill took the folder `path` away half-way through its replacement, undo it.

    Does nothing where `path` stands, or where the one who replaces it is still at it.
    """
    old = _aside(path)
    if not old.is_dir() or _holds_something(path):
        return
    lock = temporary.locked(old)
    if lock is None and temporary.fcntl is not None:
        return
    with suppress(OSError):
        with suppress(OSError):
            path.rmdir()
        old.rename(path)
    if lock is not None:
        os.close(lock)


def _aside(path: Path) -> Path:
    """Where the folder stands between the two renames."""
    # Not the name itself: with more to it, it might be too long.
    return path.parent / f".kewen-{hashlib.sha256(_bytes(path)).hexdigest()[:16]}.old"


def _bytes(path: Path) -> bytes:
    return os.fsencode(path.absolute().name)


def _holds_something(path: Path) -> bool:
    try:
        return any(path.iterdir())
    except NotADirectoryError:
        return True
    except OSError:
        return False


def _swapped(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system cannot."""
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    reason = ctypes.get_errno()
    if reason in _CANNOT:
        return False
    raise OSError(reason, os.strerror(reason), str(other))


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    """The system call of renameat2(2), where there is one."""
    if sys.platform != "linux":
        return None
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    name, place = ctypes.c_char_p, ctypes.c_int
    call.argtypes = [place, name, place, name, ctypes.c_uint]
    call.restype = ctypes.c_int
    return call
