"""The user's home folder, which not every user has."""

from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path with `~` replaced, or as it is where nobody knows that home.

    A container may run as a user whom no file names; that alone is no error.
    """
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
