"""Lines to examples, a format each: TSV, CSV, JSONL, plain text.

A row that is no example comes out as a `BadRow`, so that one bad row never ends the
reading; only a file that lacks a whole column raises.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kewen.data.bad_rows import BadRow
from kewen.data.csv_records import Numbered, csv_records
from kewen.data.example import Example
from kewen.errors import DataError

EMPTY = "the text is empty"
Parsed = Iterator[Example | BadRow]
_Places = tuple[int, int | None, int | None]  # of text, label, pair


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what: names (header or JSON fields), or positions from 0."""

    text: str | int
    label: str | int | None
    pair: str | int | None

    def wanted(self) -> list[str | int]:
        """Those asked for, in the order text, label, pair."""
        return [
            column
            for column in (self.text, self.label, self.pair)
            if column is not None
        ]


def tsv_rows(lines: Numbered, columns: Columns, header: bool, name: str) -> Parsed:
    """Cells between tabs, taken as they are: a quote is a character like any other.

    Data sets of this kind hold stray quotes, which CSV rules would let swallow lines.
    """
    cells = ((number, line.split("\t")) for number, line in lines)
    return _table(cells, columns, header, name)


def csv_rows(lines: Numbered, columns: Columns, header: bool, name: str) -> Parsed:
    """Cells by the csv module's strict rules; `lines` keep their line ends."""
    return _table(csv_records(lines), columns, header, name)


def jsonl_rows(lines: Numbered, columns: Columns) -> Parsed:
    """One JSON object a line; numbers and booleans are labels as JSON writes them."""
    for number, line in lines:
        yield _from_json(number, line, columns)


def text_rows(lines: Numbered) -> Parsed:
    """One text a line."""
    for number, line in lines:
        yield example_or_bad(Example(line, line=number), labelled=False)


def example_or_bad(example: Example, *, labelled: bool) -> Example | BadRow:
    """The example, unless something that must be there is blank."""
    if not example.text.strip():
        return BadRow(example.place, EMPTY)
    if example.pair is not None and not example.pair.strip():
        return BadRow(example.place, "the pair is empty")
    if labelled and not example.label:
        return BadRow(example.place, "the label is empty")
    return example


def _table(
    rows: Iterable[tuple[int, list[str] | BadRow]],
    columns: Columns,
    header: bool,
    name: str,
) -> Parsed:
    width = None
    places = None if header else _positions([], columns, name)
    for number, cells in rows:
        if isinstance(cells, BadRow):
            yield cells
        elif places is None:
            places, width = _positions(cells, columns, name), len(cells)
        else:
            yield _from_cells(number, cells, places, width)


def _positions(header: Sequence[str], columns: Columns, name: str) -> _Places:
    """Where the header has the named columns; positions stay what they are."""
    found = [cell.strip() for cell in header]
    for column in columns.wanted():
        if isinstance(column, str) and found.count(column) != 1:
            raise _no_such_column(column, found, name)

    def position(column: str | int | None) -> int | None:
        return found.index(column) if isinstance(column, str) else column

    text = cast(int, position(columns.text))
    return text, position(columns.label), position(columns.pair)


def _no_such_column(column: str, found: Sequence[str], name: str) -> DataError:
    listed = ", ".join(repr(cell[:40]) for cell in found[:20])
    times = found.count(column)
    what = f"{times} columns named" if times else "no column"
    hint = ""
    if len(found) == 1 and any(mark in found[0] for mark in ",;"):
        hint = " The line holds commas or semicolons but no tabs: is it a .csv?"
    elif len(found) == 1 and "\t" in found[0]:
        hint = " The line holds tabs but no commas: is it a .tsv?"
    return DataError(
        f"{name} has {what} {column!r}; its first line must be a header that names it. "
        f"Received: {listed}. Name the right columns, text=..., label=... (--text, "
        "--label on the command line), or, where the first line is already data, give "
        f"positions: text=0, label=1 (--text 0 --label 1).{hint}"
    )


def _from_cells(
    number: int,
    cells: Sequence[str],
    places: _Places,
    width: int | None,
) -> Example | BadRow:
    place = f"line {number}"
    need = 1 + max(place for place in places if place is not None)
    if len(cells) < need:
        return BadRow(place, f"{len(cells)} columns where {need} are needed")
    # Beyond the header: a stray separator in the text would shift the label.
    if width is not None and any(cells[width:]):
        return BadRow(place, f"{len(cells)} columns where the header has {width}")
    text, label, pair = places
    example = Example(
        text=cells[text],
        label=None if label is None else cells[label].strip(),
        pair=None if pair is None else cells[pair],
        line=number,
    )
    return example_or_bad(example, labelled=label is not None)


def _from_json(number: int, line: str, columns: Columns) -> Example | BadRow:
    place = f"line {number}"
    try:
        content: Any = json.loads(line)
    except json.JSONDecodeError as error:  # its own line number is always 1
        return BadRow(place, f"not JSON: {error.msg}, at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return BadRow(place, f"not JSON: {error}")
    if not isinstance(content, dict):
        return BadRow(place, f"a JSON object is needed, not {line[:40]!r}")
    fields = cast(dict[str | int, Any], content)
    for column in columns.wanted():
        if column not in fields:
            found = ", ".join(map(repr, list(fields)[:10]))
            return BadRow(place, f"no field {column!r}, only {found}"[:300])
    text = fields[columns.text]
    pair = None if columns.pair is None else fields[columns.pair]
    if not isinstance(text, str) or (
        columns.pair is not None and type(pair) is not str
    ):
        return BadRow(place, "text and pair must be strings")
    label = None if columns.label is None else fields[columns.label]
    if isinstance(label, dict | list):
        return BadRow(place, "the label must be a string or a number")
    if label is not None:
        label = label.strip() if isinstance(label, str) else json.dumps(label)
    if any(map(_has_half_character, (text, pair, label))):
        return BadRow(place, "half of a surrogate pair, which is no character")
    example = Example(text, label, pair, number)
    return example_or_bad(example, labelled=columns.label is not None)


def _has_half_character(text: str | None) -> bool:
    """JSON can write what no UTF-8 file can hold, such as a lone backslash-ud83d."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        return True
    return False
