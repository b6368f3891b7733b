"""Plain tables of words and numbers."""

from collections.abc import Sequence

from kewen.analysis.report.markup import escape, foreign
from kewen.analysis.report.section import Section


def table_section(
    heading: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> Section:
    """A table whose first column is words from outside and whose others are values.

    Args:
        heading: of the section.
        head: names of the columns.
        rows: cells; markup in them is shown as it is written.
        note: a sentence above the table.
    """
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "\n".join(
        f'<tr><th scope="row">{foreign(first)}</th>'
        + "".join(foreign(cell, "td") for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    above = f'<p class="note">{escape(note)}</p>\n' if note else ""
    return Section(
        heading,
        f'{above}<div class="wide"><table class="classes">\n<thead><tr>{columns}</tr>'
        f"</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>",
    )
