"""A text that is edited token by token, around words that must stay."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

from kewen.errors import DataError

Ids = tuple[int, ...]
Context = tuple[Ids, Ids]  # what is to the left and to the right of a hole

INSERT, DELETE, REPLACE = "insert", "delete", "replace"
FREE = 0


@dataclasses.dataclass(frozen=True)
class Move:
    """One edit.

    Attributes:
        kind: "insert", "delete" or "replace".
        position: of the token that goes or comes, from 0.
        old: the token that goes; None when one is inserted.
        new: the token that comes; None when one is deleted.
    """

    kind: str
    position: int
    old: int | None = None
    new: int | None = None


@dataclasses.dataclass(frozen=True)
class Editable:
    """A text with frozen words: none of their tokens goes, nothing comes between them.

    Two of them with equal ids differ if other tokens are frozen.

    Attributes:
        ids: the text, without any token that a model wants around it.
        words: of each token the number of its frozen word, from 1; 0 if it is free.
    """

    ids: Ids
    words: tuple[int, ...]

    @classmethod
    def of(
        cls, ids: Sequence[int], frozen: Sequence[tuple[int, int]] = ()
    ) -> "Editable":
        """A text of which some spans are frozen.

        Args:
            ids: the text; may be empty.
            frozen: (first, last + 1) of each word, from left to right.

        Raises:
            DataError: if spans are empty, overlap, or leave the text, or an id is
                below 0.
        """
        words = [FREE] * len(ids)
        end = 0
        for number, (start, stop) in enumerate(frozen, 1):
            if not end <= start < stop <= len(ids):
                raise DataError(
                    "Frozen spans must be (first, last + 1), from left to right, apart "
                    f"from each other and in the text of {len(ids)} tokens. Received: "
                    f"{list(frozen)}."
                )
            words[start:stop] = [number] * (stop - start)
            end = stop
        if any(token < 0 for token in ids):
            raise DataError(f"Ids must be 0 or more. Received: {min(ids)}.")
        return cls(tuple(int(token) for token in ids), tuple(words))

    @classmethod
    def of_words(cls, words: Sequence[Sequence[int]]) -> "Editable":
        """Words one after another, all of them frozen: where CGMH begins."""
        ids = [token for word in words for token in word]
        ends = [sum(map(len, words[: n + 1])) for n in range(len(words))]
        starts = [end - len(word) for end, word in zip(ends, words, strict=True)]
        return cls.of(ids, list(zip(starts, ends, strict=True)))

    @cached_property
    def free(self) -> tuple[int, ...]:
        """Positions of the tokens that may go: F."""
        return tuple(i for i, word in enumerate(self.words) if word == FREE)

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """Positions that a new token may come to: S; one more than F for each word."""
        return tuple(
            i
            for i in range(len(self.ids) + 1)
            if not (
                0 < i < len(self.ids)
                and self.words[i] != FREE
                and self.words[i] == self.words[i - 1]
            )
        )

    @cached_property
    def placements(self) -> int:
        """In how many ways its frozen words, in this order, can be read in its ids.

        So many editable texts are one and the same text, and a law of texts has to
        count them once.
        """
        found = [1] * (len(self.ids) + 1)  # for each length of a beginning
        for word in self._frozen:
            before, found = found, [0] * len(found)
            for end in range(1, len(found)):
                start = end - len(word)
                fits = start >= 0 and self.ids[start:end] == word
                found[end] = found[end - 1] + (before[start] if fits else 0)
        return found[-1]

    @cached_property
    def _frozen(self) -> tuple[Ids, ...]:
        count = max(self.words, default=FREE)
        pairs = list(zip(self.ids, self.words, strict=True))
        return tuple(
            tuple(token for token, word in pairs if word == number)
            for number in range(1, count + 1)
        )

    def around(self, kind: str, position: int) -> Context:
        """What is left and right of the token that goes or comes with a move."""
        after = position if kind == INSERT else position + 1
        return self.ids[:position], self.ids[after:]

    def edited(self, move: Move) -> "Editable":
        """The text after a move."""
        at = move.position
        after = at if move.kind == INSERT else at + 1
        ids: Ids = () if move.new is None else (move.new,)
        words = (FREE,) * len(ids)
        return Editable(
            self.ids[:at] + ids + self.ids[after:],
            self.words[:at] + words + self.words[after:],
        )
