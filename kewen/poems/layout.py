"""A poem as a row of ids, and what is said of it before it begins.

    [CLS] [七言] [4] [韵:东] title [藏头] heads [SEP] line ， line 。 ... [SEP]

Each character is a token. Rhyme, title and heads (the first character of each line) may
be missing: the writer has read every poem with some of them and without others.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kewen.errors import DataError, VocabularyError
from kewen.poems.form import CHARACTERS, LINES, Form

PAD, UNKNOWN, BEGIN, BREAK, HEADS = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[藏头]"
COMMA, STOP = "，", "。"
NUMERAL = {5: "[五言]", 7: "[七言]"}
LONGEST_TITLE = 16  # characters; what is more is cut off


class Layout:
    """Ids of poems, by a vocabulary.

    Args of the constructor:
        tokens: the place of a token is its id; as `Layout.tokens_for` orders them.

    Raises:
        VocabularyError: if a sign that every poem needs is missing.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        missing = [sign for sign in _signs() if sign not in self.ids]
        if missing:
            raise VocabularyError(
                "A vocabulary of poems has the tokens of its layout. Received: one "
                f"without {', '.join(missing)}."
            )

    @classmethod
    def from_file(cls, path: Path) -> "Layout":
        """From vocab.txt."""
        return cls(path.read_text(encoding="utf-8").split())

    @staticmethod
    def tokens_for(characters: Iterable[str], rhymes: Iterable[str]) -> list[str]:
        """The vocabulary for such characters and names of rhymes, in its order."""
        return [*_signs(), *map(rhyme_sign, rhymes), *characters]

    @property
    def end_id(self) -> int:
        """What a poem ends with."""
        return self.ids[BREAK]

    def character_ids(self) -> list[int]:
        """Ids of all tokens that may stand in a line."""
        signs = {COMMA, STOP}
        pairs = enumerate(self.tokens)
        return [n for n, token in pairs if len(token) == 1 and token not in signs]

    def id_of(self, character: str) -> int:
        """A character's id; that of the unknown token if there is none."""
        return self.ids.get(character, self.ids[UNKNOWN])

    def prompt(
        self, form: Form, *, title: str = "", rhyme: str | None = None, heads: str = ""
    ) -> list[int]:
        """What stands before a poem."""
        signs = [BEGIN, NUMERAL[form.characters], lines_sign(form.lines)]
        signs += [rhyme_sign(rhyme)] if rhyme else []
        row = [self.ids[sign] for sign in signs]
        row += map(self.id_of, title[:LONGEST_TITLE])
        if heads:
            row += [self.ids[HEADS], *map(self.id_of, heads)]
        return [*row, self.ids[BREAK]]

    def body(self, lines: Sequence[str]) -> list[int]:
        """A poem's own tokens."""
        row: list[int] = []
        for number, line in enumerate(lines):
            row += [*map(self.id_of, line), self.ids[STOP if number % 2 else COMMA]]
        return [*row, self.ids[BREAK]]

    def lines_of(self, ids: Iterable[int], form: Form) -> list[str]:
        """The lines of a poem's own tokens, without signs.

        Raises:
            DataError: if the poem has another form.
        """
        text = "".join(self.tokens[number] for number in ids).removesuffix(BREAK)
        size = form.characters + 1
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        signs = "".join(piece[-1:] for piece in pieces)
        if len(text) != form.length or signs != (COMMA + STOP) * (form.lines // 2):
            raise DataError(
                f"A poem of {form.lines} lines of {form.characters} was expected. "
                f"Received: {text!r}."
            )
        return [piece[:-1] for piece in pieces]


def lines_sign(lines: int) -> str:
    """The token that says how many lines come."""
    return f"[{lines}]"


def rhyme_sign(name: str) -> str:
    """The token that says how they rhyme."""
    return f"[韵:{name}]"


def _signs() -> list[str]:
    counts = map(lines_sign, LINES)
    numerals = [NUMERAL[each] for each in CHARACTERS]
    return [PAD, UNKNOWN, BEGIN, BREAK, HEADS, *numerals, *counts, COMMA, STOP]
