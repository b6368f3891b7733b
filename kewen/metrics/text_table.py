"""Tables for terminals, aligned by the columns that characters take on the screen.

A Chinese character is twice as wide as a Latin letter, so `str.ljust` does not align
a table with both.
"""

import unicodedata
from collections.abc import Sequence

from kewen.visible import visible

WIDE = {"W", "F"}  # Unicode's East Asian Width classes of two columns
INVISIBLE = {"Mn", "Me", "Cf"}  # combining marks and format characters: no column


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal. Example: `课文 a` takes 6.

    Source: Unicode Standard Annex 11, East Asian Width.
    """
    return sum(map(_columns, text))


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells in columns: the first to the left, the others to the right.

    Args:
        head: the names of the columns.
        rows: one string a cell; a line break in a label becomes a space, so that a
            row is a line, and control characters are spelled out.
    """
    lines = [[_one_line(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    gaps = [
        " " * (width - display_width(cell))
        for cell, width in zip(cells, widths, strict=True)
    ]
    first, *others = zip(cells, gaps, strict=True)
    return "  ".join([first[0] + first[1], *(gap + cell for cell, gap in others)])


def _columns(character: str) -> int:
    if unicodedata.category(character) in INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def _one_line(cell: str) -> str:
    return visible(" ".join(cell.splitlines()))
