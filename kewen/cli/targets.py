"""Outputs are tried before the work: an hour of training must not end in a refusal."""

from contextlib import suppress
from pathlib import Path

from kewen.files import atomic_folder, atomic_write


class _LookedEnough(Exception):
    """Ends a rehearsal of writing before anything is written."""


def check_file(path: Path, overwrite: bool) -> None:
    """Raise now what writing this file would raise later.

    Raises:
        FileError: if it exists and may not be replaced, or cannot be written.
    """
    with suppress(_LookedEnough), atomic_write(path, overwrite=overwrite):
        raise _LookedEnough


def check_folder(path: Path, overwrite: bool) -> None:
    """Raise now what writing this folder would raise later.

    Raises:
        FileError: if it exists and may not be replaced, or cannot be written.
    """
    with suppress(_LookedEnough), atomic_folder(path, overwrite=overwrite):
        raise _LookedEnough
