"""Files of examples: TSV, CSV, JSONL, plain text (each also .gz), class folders."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from kewen.data.bad_rows import BadRow, BadRows
from kewen.data.csv_records import Numbered
from kewen.data.example import Example
from kewen.data.lines import numbered_lines, raw_lines
from kewen.data.rows import (
    Columns,
    Parsed,
    csv_rows,
    example_or_bad,
    jsonl_rows,
    text_rows,
    tsv_rows,
)
from kewen.errors import ConfigError, DataError, NotFoundError

OnBadRow = Literal["error", "skip"]


def read_examples(
    path: str | os.PathLike[str],
    *,
    text: str | int = "text",
    label: str | int | None = "label",
    pair: str | int | None = None,
    header: bool | None = None,
    on_bad_row: OnBadRow = "error",
    bad_rows: BadRows | None = None,
    encoding: str = "utf-8",
) -> Iterator[Example]:
    """Read a file of examples as a stream; memory does not grow with the file.

    The format follows the file's name: .tsv (cells between tabs, quotes are text), .csv
    (the csv module, strict), .jsonl, .txt (one text a line, no labels), each also .gz.
    A folder is read by `read_folder`. Blank lines are left out, labels are stripped.

    Args:
        path: the file.
        text: column name, or position from 0 (an int or a string of digits).
        label: likewise; None where there are no labels, as for prediction.
        pair: likewise, the second text; None where there is one text only.
        header: whether a TSV or CSV file begins with column names. Unless said, it does
            where a column is given by name, and does not where all are positions.
        on_bad_row: "error" stops at the first row that is no example; "skip" goes on.
        bad_rows: counts what was skipped, and keeps the first few with their lines.
        encoding: what the file is in; the default is strict UTF-8, mark or not.

    Returns:
        The examples, each with its line number.

    Raises:
        NotFoundError: at once, if there is no such file.
        DataError: at once for an unknown format; while reading for a missing column, a
            bad row, another encoding, or a file without a single example.

    Example: `list(read_examples("train.tsv", text=1, label=0))`.
    """
    path = Path(path)
    check_policy(on_bad_row)
    check_exists(path)
    if path.is_dir():
        return read_folder(
            path, on_bad_row=on_bad_row, bad_rows=bad_rows, encoding=encoding
        )
    columns = columns_of(text, label, pair)
    form = form_of(path, columns, header)
    lines = raw_lines if form.ending == ".csv" else numbered_lines
    return sift(form.rows(lines(path, encoding)), str(path), on_bad_row, bad_rows)


def read_folder(
    folder: str | os.PathLike[str],
    *,
    on_bad_row: OnBadRow = "error",
    bad_rows: BadRows | None = None,
    encoding: str | Sequence[str] = "utf-8",
) -> Iterator[Example]:
    """Read a folder of class folders, `business/001.txt`: one .txt file an example.

    The class folder's name is the label. Order: classes, then files, both by name.

    Args:
        folder: holds the class folders; files beside them are not read.
        on_bad_row: "error" stops at the first empty file; "skip" goes on.
        bad_rows: counts what was skipped.
        encoding: what the files are in; or several, of which each file is read by the
            first that it is in. The BBC news corpus, for one, is UTF-8 but for one
            file, so it needs ("utf-8", "latin-1").

    Raises:
        NotFoundError: at once, if there is no such folder.
        DataError: if there are no class folders with .txt files, or another encoding.
    """
    folder = Path(folder)
    check_policy(on_bad_row)
    if not folder.is_dir():
        raise NotFoundError(
            f"There is no folder {folder}. Looked in {folder.absolute().parent}."
        )
    encodings = [encoding] if isinstance(encoding, str) else encoding
    parsed = _class_folders(folder, encodings)
    return sift(parsed, str(folder), on_bad_row, bad_rows)


def check_policy(on_bad_row: str) -> None:
    """One of the two things that a bad row can do."""
    if on_bad_row not in ("error", "skip"):
        raise ConfigError(
            f'on_bad_row must be "error" or "skip". Received: {on_bad_row!r}.'
        )


def check_exists(path: Path) -> None:
    """Said at once, before a stream is read."""
    if not path.exists():
        raise NotFoundError(
            f"There is no file {path}. Looked in {path.absolute().parent}; check the "
            "spelling and the folder you are in."
        )


def columns_of(
    text: str | int, label: str | int | None, pair: str | int | None
) -> Columns:
    """The columns as a user names them; digits are a position too.

    Raises:
        ConfigError: if one is neither a name nor a position.
    """
    return Columns(
        _column(text),
        None if label is None else _column(label),
        None if pair is None else _column(pair),
    )


def _column(column: str | int) -> str | int:
    if isinstance(column, str) and column.isascii() and column.isdigit():
        column = int(column)
    if column == "" or (isinstance(column, int) and column < 0):
        raise ConfigError(
            f"A column must be a name, or a position from 0 on. Received: {column!r}."
        )
    return column


@dataclass(frozen=True, slots=True)
class Form:
    """How a file's lines become rows."""

    ending: str  # of its name: .tsv, .csv, .jsonl or .txt
    header: bool  # the first line that is not blank names the columns
    rows: Callable[[Numbered], Parsed]
    has_pairs: bool  # each row has a second text


def form_of(path: Path, columns: Columns, header: bool | None) -> Form:
    """The form of a file, by the ending of its name.

    Raises:
        ConfigError: if columns are named and there is to be no header.
        DataError: for another ending, or columns that such a file cannot have.
    """
    endings = [ending.lower() for ending in path.suffixes]
    ending = "".join(endings[-2:-1] if endings[-1:] == [".gz"] else endings[-1:])
    named = any(isinstance(column, str) for column in columns.wanted())
    if header is False and named:
        raise ConfigError(
            "header=False leaves only positions to choose columns by. Received: "
            f"{columns.wanted()}. Give positions, such as text=0, label=1."
        )
    has_header = named if header is None else header
    has_pairs = columns.pair is not None
    table: dict[str, Any] = {
        "columns": columns,
        "header": has_header,
        "name": str(path),
    }
    if ending in (".tsv", ".tab"):
        return Form(".tsv", has_header, partial(tsv_rows, **table), has_pairs)
    if ending == ".csv":
        return Form(".csv", has_header, partial(csv_rows, **table), has_pairs)
    if ending in (".jsonl", ".ndjson"):
        _check_fields(columns, path)
        return Form(".jsonl", False, partial(jsonl_rows, columns=columns), has_pairs)
    if ending == ".txt":
        _check_unlabelled(columns, path)
        return Form(".txt", False, text_rows, False)
    raise DataError(
        f"{path} must end in .tsv, .csv, .jsonl or .txt, perhaps with .gz behind. "
        f"Received: {path.name!r}. Rename it to what it holds."
    )


def _check_fields(columns: Columns, path: Path) -> None:
    if any(isinstance(column, int) for column in columns.wanted()):
        raise DataError(
            f"{path} is JSONL, whose fields have names, no positions. "
            f"Received: {columns.wanted()}. Give names: text='text', label='label' "
            "(--text, --label on the command line)."
        )


def _check_unlabelled(columns: Columns, path: Path) -> None:
    if columns.label is not None or columns.pair is not None:
        raise DataError(
            f"{path} is plain text, one text a line, and has no labels or pairs. Pass "
            "label=None to predict on it; to train, use .tsv, .csv or .jsonl."
        )


def _class_folders(folder: Path, encodings: Sequence[str]) -> Parsed:
    for place in sorted(folder.iterdir()):
        if not place.is_dir() or place.name.startswith("."):
            continue
        for path in sorted(place.glob("*.txt")):
            text = _whole_text(path, encodings)
            example = Example(text, place.name, file=f"{place.name}/{path.name}")
            yield example_or_bad(example, labelled=True)


def _whole_text(path: Path, encodings: Sequence[str]) -> str:
    first, *others = encodings
    try:
        lines = [line for _, line in raw_lines(path, first)]
    except DataError:
        if not others:
            raise
        return _whole_text(path, others)
    return "".join(lines).replace("\r\n", "\n")


def sift(
    parsed: Parsed, name: str, on_bad_row: OnBadRow, bad_rows: BadRows | None
) -> Iterator[Example]:
    """Examples as they are; bad rows raised, or counted and left out."""
    bad_rows = BadRows() if bad_rows is None else bad_rows
    any_example = False
    for row in parsed:
        if isinstance(row, Example):
            any_example = True
            yield row
        elif on_bad_row == "error":
            raise _bad_row(name, row)
        else:
            bad_rows.add(row)
    if not any_example:
        skipped = f" {bad_rows.summary()}" if bad_rows.count else ""
        raise DataError(
            f"{name} must hold at least one example. Received: none.{skipped} Check "
            "that it is the right file and that writing it was finished."
        )


def _bad_row(name: str, row: BadRow) -> DataError:
    return DataError(
        f"{name}, {row}. Correct it, or leave such rows out with "
        'on_bad_row="skip" (--on-bad-row skip on the command line).'
    )
