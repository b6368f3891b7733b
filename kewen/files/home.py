"""The user's home folder, which not every user has, and the cache in it."""

import os
from pathlib import Path

from kewen.errors import ConfigError


def expanded(path: str | Path) -> Path:
    """The path with `~` replaced, or as it is where nobody knows that home.

    A container may run as a user whom no file names; that alone is no error.
    """
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def default_cache() -> Path:
    """Where kewen keeps what may be deleted: `XDG_CACHE_HOME`, or ~/.cache.

    Raises:
        ConfigError: if the user has no home folder, and the variable is not set.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(named) if named else Path.home() / ".cache") / "kewen"
    except RuntimeError:  # a container's user whom no file knows
        raise ConfigError(
            "Files are kept in XDG_CACHE_HOME or the user's home folder. Received: "
            "neither. Set XDG_CACHE_HOME to a folder that you can write to."
        ) from None
