"""Tokens that must not come now, and those that alone may come."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.rules.checks import ids_of, is_whole, rows_of
from kewen.decoding.rules.occurrences import occurrences
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text

Tensor = Any


@dataclasses.dataclass(frozen=True)
class NoRepeatNGram(Rule):
    """No n tokens in a row occur twice, those of the prompt counted (as transformers).

    Attributes:
        n: 1 forbids every token that occurs.
    """

    n: int

    PLACE: ClassVar = 10

    def __post_init__(self) -> None:
        is_whole("n", self.n, 1)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        ids, before = text.ids, self.n - 1
        columns = ids.shape[1]
        if columns < self.n:
            return logits
        next_ids = ids[:, before:]
        repeats = next_ids >= 0
        for back in range(before):
            here = ids[:, back : columns - before + back]
            newest = ids[:, columns - before + back, None]
            same = ops.logical_and(here == newest, here >= 0)
            repeats = ops.logical_and(repeats, same)
        banned = occurrences(next_ids, repeats, logits.shape[-1]) > 0
        return ops.where(banned, FORBIDDEN, logits)


@dataclasses.dataclass(frozen=True)
class BadWords(Rule):
    """Lists of ids that must not come in a row; one id alone must never come.

    Of a list the last id is forbidden wherever those before it stand, in the prompt
    too (as transformers).

    Attributes:
        words: lists of ids; kept as one array, int32 (W, M), aligned right.
    """

    words: Any

    NUMBERS: ClassVar = {"words": "int32"}
    PLACE: ClassVar = 11

    def __post_init__(self) -> None:
        words: Iterable[Sequence[int]] = self.words
        object.__setattr__(self, "words", rows_of("words", words))

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        before, last = self.words[None, :, :-1], self.words[:, -1]
        rows, columns = text.ids.shape
        length = before.shape[2]
        room = ((0, 0), (max(length - columns, 0), 0))
        ids = ops.pad(text.ids, room, constant_values=-1)
        ids = ids[:, ids.shape[1] - length :]
        same = ops.logical_or(before == ids[:, None, :], before < 0)
        comes = ops.all(same, axis=-1)  # (N, W)
        last = ops.tile(last[None], (rows, 1))
        banned = occurrences(last, comes, logits.shape[-1]) > 0
        return ops.where(banned, FORBIDDEN, logits)


@dataclasses.dataclass(frozen=True)
class AllowedIds(Rule):
    """These ids alone; the end id among them, or the text ends at its limit."""

    ids: Any

    NUMBERS: ClassVar = {"ids": "int32"}
    PLACE: ClassVar = 12

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", ids_of("ids", self.ids))

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        return only(logits, self.ids)


@dataclasses.dataclass(frozen=True)
class ForcedStart(Rule):
    """What is generated begins with these ids.

    The scores of the forced tokens stay the model's own, where transformers counts
    them as certain.
    """

    ids: Any

    NUMBERS: ClassVar = {"ids": "int32"}
    PLACE: ClassVar = 21

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", ids_of("ids", self.ids))

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        length = self.ids.shape[0]
        now = ops.take(self.ids, ops.minimum(text.counts, length - 1))
        is_now = ops.arange(logits.shape[-1], dtype="int32") == now[:, None]
        free = text.counts[:, None] >= length
        return ops.where(ops.logical_or(free, is_now), logits, FORBIDDEN)


@dataclasses.dataclass(frozen=True)
class ForcedEnd(Rule):
    """A text has at most `length` tokens, and ends with an end id.

    Attributes:
        length: of what is generated, end id included.
        end_ids: one of which is the token number `length`, if none came before.
    """

    length: int
    end_ids: Any

    NUMBERS: ClassVar = {"length": "int32", "end_ids": "int32"}
    PLACE: ClassVar = 22

    def __post_init__(self) -> None:
        is_whole("length", self.length, 1)
        object.__setattr__(self, "end_ids", ids_of("end_ids", self.end_ids))

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        is_last = text.counts[:, None] >= self.length - 1
        return ops.where(is_last, only(logits, self.end_ids), logits)


@dataclasses.dataclass(frozen=True)
class MinLength(Rule):
    """No end id among the first `length` generated tokens."""

    length: int
    end_ids: Any

    NUMBERS: ClassVar = {"length": "int32", "end_ids": "int32"}
    PLACE: ClassVar = 20

    def __post_init__(self) -> None:
        is_whole("length", self.length, 0)
        object.__setattr__(self, "end_ids", ids_of("end_ids", self.end_ids))

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        ends = is_among(logits, self.end_ids)
        early = text.counts[:, None] < self.length
        return ops.where(ops.logical_and(early, ends), FORBIDDEN, logits)


def is_among(logits: Tensor, ids: Tensor) -> Tensor:
    """Which of V ids are among some: (N, V) and (M,) to bool (1, V)."""
    ones = ops.ones_like(ids[None], "bool")
    return occurrences(ids[None], ones, logits.shape[-1]) > 0


def only(logits: Tensor, ids: Tensor) -> Tensor:
    """The scores with all but some ids forbidden: (N, V) and (M,) to (N, V)."""
    return ops.where(is_among(logits, ids), logits, FORBIDDEN)
