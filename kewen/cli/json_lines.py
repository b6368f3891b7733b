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
) -> Generator[Callable[[Mapping[str, Any]], None]]:
    """Give a function that writes one record.

    Args:
        path: the file; None for stdout.
        overwrite: whether the file may exist already.

    Raises:
        FileError: if the file exists and may not be replaced, or cannot be written.
    """
    if path is None:
        yield lambda record: print_text(json_line(record))
        return
    with atomic_write(path, overwrite=overwrite, mode="w") as file:
        yield lambda record: _discard(file.write(json_line(record)))


def print_text(text: str) -> None:
    """To stdout, whatever its encoding is."""
    sys.stdout.write(text)


def _discard(_: object) -> None:
    """`write` returns a count that nobody wants."""
