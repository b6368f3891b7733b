"""vocab.txt: one word piece a line, its id is the number of its line, from 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from kewen.errors import ConfigError, VocabularyError
from kewen.text.text_file import read_utf8

Duplicates = Literal["error", "first", "keep", "drop"]

_LISTED = 5  # how many repeated tokens an error names


@dataclass(frozen=True)
class Vocabulary:
    """Both directions of a vocabulary, which differ where a token stands twice.

    A row whose token is "" belongs to a blank line: the id is there, unused.
    """

    rows: tuple[str, ...]  # V tokens; the place of a token is its id
    ids: dict[str, int]  # token -> the one id that text gives


def read_vocabulary(path: Path, duplicates: Duplicates = "error") -> Vocabulary:
    """Read vocab.txt.

    A line may hold more columns (a count, say): the first one is the token, since no
    word piece contains a space. Blank lines keep their number, but those at the end of
    the file do not count.

    Args:
        path: the file; UTF-8, with or without a byte order mark.
        duplicates: what to do when one token stands on several lines. The ids are line
            numbers, and every line keeps its row, in all cases but the last.
            "error": refuse, and name the lines.
            "first": text gives the id of the first such line; the ids of the later
            ones never come out of a text, but still decode to the token.
            "keep": text gives the id of the last such line, as in a dictionary filled
            line by line (transformers does this); the earlier ids still decode.
            "drop": the later lines are as if they were not there, and the ids after
            them are smaller by one each, as where a model was trained with a program
            that numbers tokens as it first meets them.

    Raises:
        VocabularyError: if the file is empty, not UTF-8, or repeats a token.
    """
    if duplicates not in get_args(Duplicates):
        raise ConfigError(
            f"duplicates must be one of {get_args(Duplicates)}. "
            f"Received: {duplicates!r}."
        )
    rows = [_first_column(line) for line in read_utf8(path).split("\n")]
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise VocabularyError(
            f"{path} must hold one token a line. Received: no token at all. "
            "Check that the download is complete."
        )
    if duplicates == "error":
        _refuse_repeats(path, rows)
    if duplicates == "drop":
        rows = list(dict.fromkeys(rows))
    numbered = [(token, number) for number, token in enumerate(rows) if token]
    if duplicates == "first":
        numbered.reverse()
    return Vocabulary(tuple(rows), dict(numbered))


def _first_column(line: str) -> str:
    columns = line.split(maxsplit=1)
    return columns[0] if columns else ""


def _refuse_repeats(path: Path, rows: Sequence[str]) -> None:
    lines: dict[str, list[int]] = {}
    for number, token in enumerate(rows, start=1):
        if token:
            lines.setdefault(token, []).append(number)
    repeated = [(token, where) for token, where in lines.items() if len(where) > 1]
    if not repeated:
        return
    named = "; ".join(
        f"{token!r} on lines {', '.join(map(str, where[:_LISTED]))}"
        for token, where in repeated[:_LISTED]
    )
    more = f"; and {len(repeated) - _LISTED} more" if len(repeated) > _LISTED else ""
    raise VocabularyError(
        f"{path} must hold every token once (lines count from 1, ids from 0). "
        f"Received: {named}{more}. Rename all but one ([unused1], ...), or say in "
        'Python which id text gets: kewen.load(folder, duplicates="first") or "keep" '
        '(the last), where ids stay line numbers, or "drop", where they do not.'
    )
