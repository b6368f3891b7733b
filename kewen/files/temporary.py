"""Temporary files and folders: in use by a living writer, or left by a killed one.

A writer locks what it is writing. The system drops the lock when the process ends, also
by kill -9 or a crash, so what has a temporary name and no lock belongs to nobody. That
holds between machines and containers that share a folder, where process numbers say
nothing. Where locks do not exist (Windows, some network mounts), nothing is swept.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which also refuses to rename what is open
    fcntl = None

_TRIES = 8  # to lock what was made before a sweeper does
_NAME = re.compile(r"\.kewen-[0-9a-f]{16}\.tmp")


@contextmanager
def temporary(folder: Path, make: Callable[[Path], object]) -> Generator[Path]:
    """A hidden name in `folder` that nobody else has, for as long as the block runs.

    What dead processes left there goes first: a run that is killed again and again must
    not fill the disk. At the end, whatever still has the name is removed.

    Args:
        folder: where the target will be, because a rename is atomic only within one
            file system.
        make: makes the file or folder; called again with another name in the rare case
            that a sweeper took the first for a dead one.

    Raises:
        OSError: as `make` does.
    """
    sweep(folder)
    path, lock = folder, None
    for _ in range(_TRIES):
        path = hidden_name(folder)
        make(path)
        lock = locked(path)
        if lock is None or _is_still(path, lock):
            break
        os.close(lock)
        lock = None
    try:
        yield path
    finally:
        remove(path)
        if lock is not None:
            os.close(lock)


def hidden_name(folder: Path) -> Path:
    """A name nobody else has, which `sweep` knows; short even for long targets."""
    return folder / f".kewen-{secrets.token_hex(8)}.tmp"


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders in `folder` whose writers are dead."""
    if fcntl is None:
        return
    try:
        with os.scandir(folder) as entries:
            found = [Path(each.path) for each in entries if _NAME.fullmatch(each.name)]
    except OSError:
        return
    for path in found:
        lock = locked(path)
        if lock is not None:
            remove(path)
            os.close(lock)


def locked(path: Path) -> int | None:
    """Lock a file or folder; None if somebody has it, or locks are not to be had."""
    if fcntl is None or path.is_symlink():
        return None
    # Network file systems lock only what may be written; folders never can.
    way = os.O_RDONLY if path.is_dir() else os.O_RDWR
    try:
        descriptor = os.open(path, way | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def remove(path: Path) -> None:
    """Remove a file or a whole folder, as far as that can be done; no link's target."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name still is what was opened."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False
