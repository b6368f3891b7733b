"""What the columns of a file are called, by its first row."""

import json
import os
from pathlib import Path
from typing import Any, cast

from kewen.data.bad_rows import BadRow
from kewen.data.csv_records import csv_records
from kewen.data.lines import numbered_lines, raw_lines
from kewen.data.readers import check_exists, columns_of, form_of


def field_names(path: str | os.PathLike[str], encoding: str = "utf-8") -> list[str]:
    """The cells of a TSV's or CSV's first line, the fields of a JSONL's first object.

    None of a .txt, a folder, or a file whose first line is no such thing.

    Raises:
        NotFoundError: if there is no such file.
        DataError: for an unknown format, or another encoding.
    """
    path = Path(path)
    check_exists(path)
    if path.is_dir():
        return []
    ending = form_of(path, columns_of("text", None, None), None).ending
    if ending == ".csv":
        records = csv_records(raw_lines(path, encoding))
        for _, cells in records:
            return [] if isinstance(cells, BadRow) else [cell.strip() for cell in cells]
        return []
    _, line = next(numbered_lines(path, encoding), (0, ""))
    if ending == ".tsv":
        return [cell.strip() for cell in line.split("\t")]
    return _fields(line) if ending == ".jsonl" else []


def _fields(line: str) -> list[str]:
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return list(cast("dict[str, Any]", content)) if isinstance(content, dict) else []
