"""Unigram pieces in an edited vocabulary: each has its score, and needs no other.

The best way to cut a text is still the best one among fewer ways, if all of its pieces
stay. One number must stay as well: what the unknown costs is counted from the lowest
score of all, so the piece that has it always stays.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tokenizers import Tokenizer, models

from kewen.text.spelling import BYTE_PIECES, Spelling

UNKNOWN_COSTS = 10.0  # below the lowest score, in SentencePiece and in the library
# How much better than its parts a new piece is: a hair, so that it comes out where they
# did, and scores of other ways to cut decide as before.
AHEAD = 1e-4


class UnigramPieces:
    """See `editing.Kind`.

    Args:
        library: of Unigram.
        model: what its JSON says of its model.
    """

    def __init__(self, library: Tokenizer, model: Mapping[str, Any]) -> None:
        self._model = library.model
        self._spelling = Spelling(library, model)
        self._pieces: list[str] = [piece for piece, _ in model["vocab"]]
        self._scores: dict[str, float] = dict(model["vocab"])
        self._unknown: int | None = model["unk_id"]
        self._lowest = min(self._scores.values(), default=0.0)
        self._has_bytes: bool = model["byte_fallback"]
        self._new: dict[str, None] = {}

    def comes_out(self, token: str) -> bool:
        """Whether no other way to cut it is better."""
        return [piece.value for piece in self._model.tokenize(token)] == [token]

    def text_of(self, token: str) -> str:
        """With spaces for their marks."""
        return self._spelling.text_of(token)

    def needed(self, tokens: Iterable[str]) -> set[str]:
        """Of these none; what stands for any letter, and the lowest score."""
        found = self._spelling.always & self._scores.keys()
        if self._unknown is not None:
            found.add(self._pieces[self._unknown])
        lowest = (p for p, score in self._scores.items() if score == self._lowest)
        return found | {next(lowest)} if self._pieces else found

    def cut(self, model: dict[str, Any], numbers: Mapping[int, int]) -> None:
        """With their scores."""
        model["vocab"] = [model["vocab"][old] for old in numbers]
        if self._unknown is not None:
            model["unk_id"] = numbers[self._unknown]

    def add(self, text: str) -> list[tuple[str, list[str]]]:
        """One row, whose score is just above that of the best way to cut it so far.

        But not below the lowest one, from which the cost of the unknown is counted.
        """
        token = self._spelling.token_of(text, self._new)
        parts, score = self._cut(token)
        self._scores[token] = max(score + AHEAD, self._lowest)
        self._new[token] = None
        return [(token, parts)]

    def grow(self, model: dict[str, Any], first: int) -> None:
        """Behind the others."""
        model["vocab"] += [[token, self._scores[token]] for token in self._new]

    def _cut(self, token: str) -> tuple[list[str], float]:
        """The pieces of a token so far, and their score; by the pieces within it."""
        ends = range(1, len(token) + 1)
        within = dict.fromkeys(token[a:b] for b in ends for a in range(b))
        scored = [(p, self._scores[p]) for p in within if p in self._scores]
        small = models.Unigram([("", self._lowest), *scored], 0, False)
        parts: list[str] = []
        score = 0.0
        for piece in small.tokenize(token):
            if piece.id:
                parts.append(piece.value)
                score += self._scores[piece.value]
                continue
            score += len(piece.value) * (self._lowest - UNKNOWN_COSTS)
            if self._has_bytes:
                parts += [BYTE_PIECES[byte] for byte in piece.value.encode()]
            elif self._unknown is not None:
                parts.append(self._pieces[self._unknown])
        return parts, score
