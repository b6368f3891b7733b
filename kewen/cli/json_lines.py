"""Results as JSON Lines, to a file that appears whole or to stdout as they come."""

import json
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kewen.files import atomic_write


def json_line(record: Mapping[str, Any]) -> str:
    """One record as one line, characters readable."""
    line = json.dumps(record, ensure_ascii=False)
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
