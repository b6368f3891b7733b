"""CSV lines to records, and the way on behind a quote that nobody closed.

A cell in quotes may hold line ends, so an open quote swallows the lines behind it. When
such a record fails, only its first line is bad: the others are read again.
"""

import csv
from collections.abc import Iterator

from kewen.data.bad_rows import BadRow
from kewen.data.lines import MAX_LINE_CHARS

Numbered = Iterator[tuple[int, str]]


def csv_records(lines: Numbered) -> Iterator[tuple[int, list[str] | BadRow]]:
    """The cells of each record with its first line, by the csv module's strict rules.

    Time is linear, however many quotes stay open. Between the line that opens one and
    the line where reading fails, whatever leaves a quote open fails in the same place:
    the parser is inside quotes either way. So there, each line is a record by itself.

    Args:
        lines: numbered, with their line ends.
    """
    # The module's own limit, 131,072, is less than a long document. It holds for the
    # process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARS))
    record = _Record(lines)
    reader = csv.reader(record, strict=True)
    while True:
        record.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            over_lines = len(record.taken) > 1
            (number, _), *swallowed = record.give_up()
            yield number, _bad_row(number, error, over_lines)
            yield from filter(None, map(_alone, swallowed))
            continue
        if cells:
            yield record.taken[0][0], cells


class _Record:
    """The lines that the csv module takes for one record, remembered."""

    def __init__(self, lines: Numbered):
        self._lines = lines
        self._again: list[tuple[int, str]] = []  # at most one, to be taken once more
        self._ended = False
        self._size = 0
        self.taken: list[tuple[int, str]] = []

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self.taken = []
        self._size = 0

    def give_up(self) -> list[tuple[int, str]]:
        """The lines taken, but for the one that failed: the next record begins there.

        The first line is always among them, and at the end of the file all are.
        """
        if len(self.taken) > 1 and not self._ended:
            self._again = [self.taken.pop()]
        return self.taken

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            numbered = self._again.pop() if self._again else next(self._lines)
        except StopIteration:
            self._ended = True
            raise
        self.taken.append(numbered)
        self._size += len(numbered[1])
        if self._size > MAX_LINE_CHARS:  # bounds memory where no single cell is long
            raise csv.Error(f"a record of more than {MAX_LINE_CHARS} characters")
        return numbered[1]


def _alone(numbered: tuple[int, str]) -> tuple[int, list[str] | BadRow] | None:
    """A line that is a record by itself; None for a blank one."""
    number, line = numbered
    try:
        cells = next(csv.reader([line], strict=True))
    except csv.Error as error:
        return number, _bad_row(number, error, False)
    return (number, cells) if cells else None


def _bad_row(number: int, error: csv.Error, over_lines: bool) -> BadRow:
    if over_lines or "unexpected end of data" in str(error):
        return BadRow(f"line {number}", f"not CSV: a quote stays open here ({error})")
    return BadRow(f"line {number}", f"not CSV: {error}")
