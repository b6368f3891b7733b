"""Where the texts come from: the command line itself, a file, or stdin."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kewen.cli.guard import say
from kewen.data import BadRows, Example, read_examples
from kewen.data.lines import known
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
        encoding: of the file, or of stdin.

    Raises:
        ConfigError: if there is neither, or both, or an option that says something
            about a file where there is none.
        DataError, NotFoundError: if the file cannot be read.
    """
    if bool(texts) == (source is not None):
        raise ConfigError(
            "Texts must come from the command line or from --input FILE (- for stdin), "
            f"one of the two. Received: {'both' if texts else 'neither'}."
        )
    columns = {"--text": text != "text", "--pair": pair is not None}
    skips = {"--on-bad-row": on_bad_row != "error"}
    if source is None:
        _refuse(columns | skips | {"--encoding": encoding != "utf-8"})
        return [Example(each) for each in texts]
    if str(source) == STDIN:
        _refuse(columns | skips)
        return _from_stdin(known(encoding))
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


def _refuse(given: Mapping[str, bool]) -> None:
    options = [option for option in given if given[option]]
    if options:
        raise ConfigError(
            f"{', '.join(options)} are about the file that --input names. Received: "
            "texts without a file. Leave them out, or name a file."
        )


def _from_stdin(encoding: str) -> list[Example]:
    # Not `sys.stdin` itself: it decodes by the locale, and may let wrong bytes pass.
    stdin = io.TextIOWrapper(sys.stdin.buffer, encoding, newline="\n")
    try:
        lines = [line.rstrip("\r\n") for line in stdin]
    except UnicodeDecodeError as error:
        raise DataError(
            f"stdin must be {encoding.removesuffix('-sig').upper()} text. Received: "
            f"{error}. Convert it (iconv), or name its encoding with --encoding."
        ) from None
    finally:
        stdin.detach()  # else it would close stdin
    examples = [
        Example(line, line=number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not examples:
        raise DataError("stdin must hold a text a line. Received: none.")
    return examples
