"""The SHA-256 of a file, read in pieces."""

import hashlib
import os
from pathlib import Path


def sha256_file(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes as 64 lower-case hex digits; any size of file.

    Raises:
        OSError: as `open` does, if the file is not there or cannot be read.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
