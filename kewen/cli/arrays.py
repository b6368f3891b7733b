"""Arrays that a command is given in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from kewen.errors import NotFoundError

if TYPE_CHECKING:
    import numpy as np


def read_arrays(option: str, path: Path) -> "dict[str, np.ndarray]":
    """Every array of an .npz; nothing is ever unpickled.

    Args:
        option: what named the file, for the error.
        path: the file.

    Raises:
        NotFoundError: if there is no such file.
        CheckpointError: if it is no sound .npz of numbers.
    """
    from kewen.checkpoints import NpzFile

    if not path.is_file():
        raise NotFoundError(
            f"{option} must name an .npz file of arrays, as numpy.savez writes it. "
            f"Received: {path}, which is not a file."
        )
    with NpzFile(path) as arrays:
        return dict(arrays)
