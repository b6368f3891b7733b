"""Outputs are tried before the work: an hour of training must not end in a refusal."""

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from kewen.errors import ConfigError
from kewen.files import atomic_folder, atomic_write


class _LookedEnough(Exception):
    """Ends a rehearsal of writing before anything is written."""


def check_file(path: Path, overwrite: bool) -> None:
    """Raise now what writing this file would raise later.

    Raises:
        FileError: if it exists and may not be replaced, or cannot be written.
    """
    _rehearse(path, atomic_write(path, overwrite=overwrite))


def check_folder(path: Path, overwrite: bool) -> None:
    """Raise now what writing this folder of a model would raise later.

    Raises:
        FileError: if it exists and may not be replaced, or cannot be written.
    """
    _rehearse(path, atomic_folder(path, overwrite=overwrite, known_by="config.json"))


def check_outside(option: str, path: Path, folder: Path) -> None:
    """Refuse an output inside a folder that will appear, or be replaced, as a whole.

    Raises:
        ConfigError: if it is inside.
    """
    if path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{option} must lie outside OUT, which appears as a whole at the end. "
            f"Received: {path}, OUT {folder}. Name another place."
        )


def _rehearse(path: Path, writing: AbstractContextManager[Any]) -> None:
    """Begin to write and stop; folders that came for it go again."""
    new = [each for each in path.absolute().parents if not each.exists()]
    try:
        with suppress(_LookedEnough), writing:
            raise _LookedEnough
    finally:
        for folder in new:  # the inner ones first
            with suppress(OSError):
                folder.rmdir()
