"""Results as JSON Lines, to a file that appears whole or to stdout as they come."""

import json
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kewen.errors import KewenError
from kewen.files import atomic_write


def json_line(record: Mapping[str, Any]) -> str:
    """One record as one line, characters readable.

    Raises:
        KewenError: if it holds a number that JSON does not have, NaN or infinity.
    """
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise KewenError(
            f"Results must be finite numbers. Received: {error}. The model's weights "
            "are broken or too large: look at its training."
        ) from None
    try:
        line.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot say
        line = json.dumps(record)
    return f"{line}\n"


@contextmanager
def json_lines(
    path: Path | None, *, overwrite: bool = False
) -> Generator[Callable[[Mapping[str, Any]], object]]:
    """Give a function that writes one record.

    Args:
        path: the file; None for stdout.
        overwrite: whether the file may exist already.

    Raises:
        FileError: if the file exists and may not be replaced, or cannot be written.
    """
    if path is None:
        yield lambda record: sys.stdout.write(json_line(record))
        return
    with atomic_write(path, overwrite=overwrite, mode="w") as file:
        yield lambda record: file.write(json_line(record))
