"""Words and numbers in an `.npz` or `.safetensors` that other programs can open too.

Words are one array of bytes: UTF-8, a zero byte after each word. So a file needs no
pickle, and a word may hold spaces and line ends.
"""

import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.checkpoints import open_checkpoint, write_safetensors
from kewen.data.readers import check_exists
from kewen.errors import ConfigError, DataError
from kewen.files import atomic_write

ENDINGS = (".npz", ".safetensors")


def words_to(words: tuple[str, ...]) -> NDArray[np.uint8]:
    """The words as bytes; one with a zero byte or half a character is a DataError."""
    broken = next((word for word in words if "\0" in word), None)
    if broken is not None:
        raise DataError(
            f"A word must not hold a zero byte. Received: {broken!r}. Cut the text "
            "into words without one."
        )
    try:
        data = "".join(f"{each}\0" for each in words).encode()
    except UnicodeEncodeError as error:
        raise half_character(error) from error
    return np.frombuffer(data, np.uint8)


def half_character(error: UnicodeEncodeError) -> DataError:
    """What is said of a word that no UTF-8 file can hold."""
    begin = error.object.rfind("\0", 0, error.start) + 1
    word = error.object[begin:].partition("\0")[0]
    return DataError(
        f"A word must be whole characters. Received: {word!r:.100}, with half of a "
        "surrogate pair. Mend the text that it is from."
    )


def words_from(
    array: NDArray[np.uint8], path: str | os.PathLike[str]
) -> tuple[str, ...]:
    """The words that `words_to` wrote."""
    data = array.tobytes()
    try:
        lines = data.decode("utf-8").split("\0")
    except UnicodeDecodeError as error:
        raise DataError(
            f"The words of {path} must be UTF-8. Received: byte "
            f"{data[error.start]:#04x} at {error.start}. The file is corrupt."
        ) from error
    if lines.pop():
        raise DataError(
            f"Each word of {path} must end with a zero byte. Received: "
            f"{data[-20:]!r} at the end. The file is corrupt."
        )
    return tuple(lines)


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], *, overwrite: bool
) -> None:
    """Write arrays in the format of the file's ending, whole or not at all."""
    if path.suffix == ".npz":
        with atomic_write(path, overwrite=overwrite) as file:
            np.savez(file, allow_pickle=False, **arrays)
    elif path.suffix == ".safetensors":
        write_safetensors(path, arrays, overwrite=overwrite)
    else:
        raise ConfigError(f"The file must end in {' or '.join(ENDINGS)}: {path}.")


def read_arrays(
    path: Path,
    wanted: Mapping[str, tuple[Sequence[type], int]],
    optional: Set[str] = frozenset(),
) -> dict[str, NDArray[Any]]:
    """Read these arrays, each of one of some dtypes and with a number of axes.

    Args:
        path: the file.
        wanted: name -> dtypes, axes.
        optional: those that need not be there.

    Raises:
        NotFoundError: if there is no such file.
        CheckpointError: if the file is no sound `.npz` or `.safetensors`.
        DataError: if it holds other arrays.
    """
    check_exists(path)
    with open_checkpoint(path) as file:
        for name, (dtypes, axes) in wanted.items():
            if name not in file:
                if name in optional:
                    continue
                raise DataError(
                    f"{path} must hold the arrays {', '.join(wanted)}. Received: "
                    f"{', '.join(list(file)[:8])}. It is another kind of file."
                )
            info = file.info(name)
            if info.dtype not in map(np.dtype, dtypes) or len(info.shape) != axes:
                raise DataError(
                    f"Array {name} of {path} must be {np.dtype(dtypes[0])} with {axes} "
                    f"axes. Received: {info.dtype}, shape {info.shape}."
                )
        return {name: np.array(file[name]) for name in wanted if name in file}
