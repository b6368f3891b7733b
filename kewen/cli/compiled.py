"""What JAX has compiled is kept, so that the next command need not compile it again.

Only the program `kewen` does so; a program that imports the library decides for itself.
What is kept is machine code that JAX runs as it is: it is kept only where nobody else
can write. JAX finds it by the computation, its own version, its flags and the
processor's features.
"""

import os
import stat
from pathlib import Path

from kewen.errors import ConfigError
from kewen.files.home import default_cache

FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
_SETTINGS = {
    # Beyond this, what was not used for longest goes first. A MiniLM's step is 2 MB.
    "JAX_COMPILATION_CACHE_MAX_SIZE": str(1 << 30),
    # Less than this is as quickly compiled as found.
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
}


def keep_compiled() -> None:
    """Let JAX keep its compiled programs; call it before JAX is imported.

    Whoever has set `JAX_COMPILATION_CACHE_DIR`, also to nothing, has chosen already.
    Nothing is kept where the folder cannot be made or is not ours alone.
    """
    try:
        folder = default_cache() / "compiled"
    except ConfigError:
        return
    if FOLDER_VARIABLE in os.environ or not _is_ours_alone(folder):
        return
    os.environ[FOLDER_VARIABLE] = str(folder)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


def _is_ours_alone(folder: Path) -> bool:
    """Make the folder, and see that only we can write there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows has no such modes
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (
        stat.S_IWGRP | stat.S_IWOTH
    )
