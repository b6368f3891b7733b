"""Word pieces in an edited vocabulary: each is looked up whole and needs no other."""

from collections.abc import Iterable, Mapping
from typing import Any

from tokenizers import Tokenizer

from kewen.errors import DataError
from kewen.text.word_pieces import PREFIX


class WordPieces:
    """See `editing.Kind`.

    Args:
        library: of word pieces.
        words: whether Chinese is cut into words first.
    """

    def __init__(self, library: Tokenizer, words: bool) -> None:
        self._library = library
        self._words = words
        self._new: dict[str, None] = {}

    def comes_out(self, token: str) -> bool:
        """Whether cutting leaves it in one piece, so that it can be looked up."""
        library = self._library
        inside = token.startswith(PREFIX) and token != PREFIX
        text = "a" + token.removeprefix(PREFIX) if inside else token
        normal = library.normalizer.normalize_str(text) if library.normalizer else text
        if self._words and not inside:
            return bool(token) and normal.strip() == token
        cut = library.pre_tokenizer
        parts = (
            [normal] if cut is None else [p for p, _ in cut.pre_tokenize_str(normal)]
        )
        return bool(text) and parts == [text]

    def text_of(self, token: str) -> str:
        """Without the mark of a piece inside a word."""
        return token.removeprefix(PREFIX)

    def needed(self, tokens: Iterable[str]) -> set[str]:
        """None."""
        return set()

    def cut(self, model: dict[str, Any], numbers: Mapping[int, int]) -> None:
        """Of a token with several rows, the one that text gives may go."""
        model["vocab"] = {
            token: numbers[old]
            for token, old in model["vocab"].items()
            if old in numbers
        }

    def add(self, text: str) -> list[tuple[str, None]]:
        """One row."""
        known = text in self._new or self._library.token_to_id(text) is not None
        if known or not self.comes_out(text):
            raise DataError(
                "A new token must be one that texts can give and that is not there "
                f"yet. Received: {text!r}, which "
                + ("is there. " if known else "is always cut before it is looked up. ")
                + "Leave it out"
                + ("." if known else ', or read the vocabulary with words="jieba".')
            )
        self._new[text] = None
        return [(text, None)]

    def grow(self, model: dict[str, Any], first: int) -> None:
        """Behind all rows."""
        model["vocab"] |= {t: n for n, t in enumerate(self._new, start=first)}
