"""Opening what must be a plain file, however it got into the folder.

Archives and clones can bring pipes, on which reading waits for ever, and links to
devices that never end. A link to a plain file is followed: the caches of downloaded
models are made of them, and a link leads only where its user may read anyway.
"""

import errno
import io
import os
import stat
from pathlib import Path

# Neither waits for a pipe's other end, nor takes a terminal, nor translates line ends.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading, unless it is a pipe, a device or a folder.

    Raises:
        OSError: if it is, or cannot be opened; its `strerror` says why.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except ValueError as error:  # a zero byte, or half a character
        raise OSError(errno.EINVAL, "no name that a file can have") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "a pipe, device or folder, and no plain file")


def read_regular(path: Path, at_most: int) -> bytes:
    """The content of a plain file of at most so many bytes.

    Raises:
        OSError: if it is longer, or as `open_regular`.
    """
    with open_regular(path) as file:
        content = file.read(at_most + 1)
    if len(content) > at_most:
        raise OSError(
            errno.EFBIG, f"more than the {at_most} bytes such a file may have"
        )
    return content
