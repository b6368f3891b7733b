"""Files for a model that writes: which columns are what."""

import os
from typing import Any, cast

from kewen.data.field_names import field_names
from kewen.errors import DataError

# What the two columns may be called: what is read, and what is to be written.
PAIRS = (("prompt", "answer"), ("source", "target"), ("text", "target"))


def writing_columns(
    source: object, text: str | int | None, target: str | int | None, encoding: str
) -> dict[str, Any]:
    """Which columns hold what a writer reads and what it should answer.

    Those that are named; else, of a file, the first of `PAIRS` that it has, or its
    column "text" alone.

    Raises:
        DataError: if it has none of these.
    """
    columns: dict[str, Any] = {"label": None, "encoding": encoding}
    if text is not None or target is not None:
        return columns | {"text": "text" if text is None else text, "pair": target}
    if not isinstance(source, str | os.PathLike):
        return columns
    source = os.fspath(cast("str | os.PathLike[str]", source))
    names = field_names(source, encoding)
    for first, second in PAIRS:
        if first in names and second in names:
            return columns | {"text": first, "pair": second}
    if names and "text" not in names:
        raise DataError(
            f"{source} must have the columns "
            f"{', or '.join(' and '.join(pair) for pair in PAIRS)}, or text alone. "
            f"Received: {names!r:.200}. Name them, text=... and target=... (--text and "
            "--target on the command line), or give positions from 0 on."
        )
    return columns | {"text": "text", "pair": None}
