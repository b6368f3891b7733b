"""The words of a corpus, most frequent first, and how often each occurs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError


@dataclass(frozen=True, eq=False)
class Lexicon:
    """A word's id is its place; counts fall, and equal ones keep the corpus' order."""

    words: tuple[str, ...] = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)  # (V,)

    def __post_init__(self) -> None:
        if len(self.words) != len(self.counts):
            raise DataError(
                "A lexicon needs one count for each word. Received: "
                f"{len(self.words)} words, {len(self.counts)} counts."
            )
        if len(self.index) != len(self.words):
            raise DataError(
                "The words of a lexicon must differ. Received: "
                f"{len(self.words) - len(self.index)} repetitions."
            )

    @classmethod
    def of(cls, counts: Mapping[str, int], min_count: int = 1) -> "Lexicon":
        """The words that occur often enough, sorted by count.

        Args:
            counts: word and how often it occurs, such as a `collections.Counter`.
            min_count: rarer words are left out.
        """
        words = list(counts)
        numbers = np.fromiter(counts.values(), np.int64, len(words))
        kept = frequent(numbers, min_count)
        return cls(tuple(words[i] for i in kept), numbers[kept])

    @cached_property
    def index(self) -> dict[str, int]:
        """Word to id."""
        return {word: number for number, word in enumerate(self.words)}

    @property
    def total(self) -> int:
        """N: all occurrences of the kept words together."""
        return int(self.counts.sum())

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, tokens: Iterable[str]) -> NDArray[np.int64]:
        """The ids of the tokens that are in the lexicon; others are skipped."""
        index = self.index
        return np.array([index[each] for each in tokens if each in index], np.int64)


def words_of(tokens: Iterable[str]) -> Iterable[str]:
    """The words of a text, unless they are a string: its letters are not its words."""
    if isinstance(tokens, str):
        raise DataError(
            "A text must be its words in order, such as a list of strings. Received "
            f"the string {tokens[:40]!r}. Cut it into words first; list(text) takes "
            "its characters."
        )
    return tokens


def frequent(counts: NDArray[np.int64], min_count: int) -> NDArray[np.int64]:
    """Places of the counts of at least `min_count`, largest first, ties in order."""
    if min_count < 1:
        raise ConfigError(f"min_count must be at least 1. Received: {min_count}.")
    order = np.argsort(-counts, kind="stable")
    return order[: int((counts >= min_count).sum())]
