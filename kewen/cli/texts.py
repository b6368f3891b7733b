"""Where the texts come from: the command line itself, a file, or stdin."""

import sys
from collections.abc import Sequence
from pathlib import Path

from kewen.cli.guard import say
from kewen.data import BadRows, Example, read_examples
from kewen.data.readers import OnBadRow
from kewen.errors import ConfigError, DataError

STDIN = "-"


def examples_from(
    texts: Sequence[str],
    source: Path | None,
    *,
    text: str = "text",
    pair: str | None = None,
    on_bad_row: OnBadRow = "error",
    encoding: str = "utf-8",
) -> list[Example]:
    """Texts without labels, in order.

    Args:
        texts: typed on the command line.
        source: a file of any format that kewen reads; "-" is stdin, a text a line.
        text: column, or position from 0, in the file.
        pair: likewise, the second text.
        on_bad_row: of a file, as for `read_examples`; what is skipped is said.
        encoding: of the file; stdin is UTF-8.

    Raises:
        ConfigError: if there is neither, or both.
        DataError, NotFoundError: if the file cannot be read.
    """
    if bool(texts) == (source is not None):
        raise ConfigError(
            "Texts must come from the command line or from --input FILE (- for stdin), "
            f"one of the two. Received: {'both' if texts else 'neither'}."
        )
    if source is None:
        return [Example(each) for each in texts]
    if str(source) == STDIN:
        return _from_stdin()
    bad_rows = BadRows()
    rows = read_examples(
        source,
        text=text,
        label=None,
        pair=pair,
        on_bad_row=on_bad_row,
        bad_rows=bad_rows,
        encoding=encoding,
    )
    examples = list(rows)
    if bad_rows.count:
        say(f"{source}: {bad_rows.summary()}")
    return examples


def _from_stdin() -> list[Example]:
    try:
        lines = [line.rstrip("\r\n") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise DataError(f"stdin must be UTF-8 text. Received: {error}.") from None
    examples = [
        Example(line, line=number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not examples:
        raise DataError("stdin must hold a text a line. Received: none.")
    return examples
