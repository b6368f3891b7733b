"""Counts of the most frequent words, added up in bounded memory.

What is dropped may come back, and its count then starts anew.
So the table notes for each word how much of it may have been lost before, and what goes
is decided as Misra and Gries do: of N words counted and m kept, no count is too low by
more than N / (m + 1), whatever the data and their order.
"""

from collections.abc import Hashable, Mapping
from itertools import compress
from typing import Generic, TypeVar

import numpy as np

from kewen.settings import at_least

K = TypeVar("K", bound=Hashable)


class Tally(Generic[K]):
    """What has been counted so far.

    Args:
        most: how many words are kept.

    Raises:
        ConfigError: if none would be kept.

    Source: Misra and Gries, 1982; merging: Agarwal et al., "Mergeable summaries",
        PODS 2012; a bound for each word: Manku and Motwani's lossy counting, VLDB 2002.
    """

    def __init__(self, most: int) -> None:
        self._most = at_least("most", most, 1)
        self._counts: dict[K, int] = {}
        self._lost: dict[K, int] = {}  # before a word came (again); absent means none
        self.error_bound = 0  # no count is lower than the truth by more
        self.total = 0

    def add(self, counts: Mapping[K, int]) -> None:
        """Add exact counts of one more part.

        Between two prunings the table may grow to twice its size: each costs as much
        as the table is large.
        """
        kept = self._counts
        before = len(kept)
        get = kept.get
        for word, count in counts.items():
            kept[word] = get(word, 0) + count
        self.total += sum(counts.values())
        if self.error_bound:
            # A dict keeps the order of arrival: the new ones are the last.
            for word, _ in zip(reversed(kept), range(len(kept) - before), strict=False):
                self._lost[word] = self.error_bound
        if len(kept) > 2 * self._most:
            self._prune(self._most)

    def bounds(self, word: K) -> tuple[int, int]:
        """Least and most of how often a word really came."""
        if word not in self._counts:
            return 0, self.error_bound
        count = self._counts[word]
        return count, count + self._lost.get(word, 0)

    def kept(self) -> dict[K, int]:
        """What is kept, and how often it came at least."""
        if len(self._counts) > self._most:
            self._prune(self._most)
        return self._counts

    def _prune(self, most: int) -> None:
        """Drop all that could not be told from what is dropped already.

        With `most` + 1 words at or above a height that all are lowered by, N is at
        least (`most` + 1) times the sum of these heights, which is the error's bound.
        """
        highest = np.fromiter(self._counts.values(), np.int64, len(self._counts))
        if self._lost:
            lost = self._lost.get
            highest += np.fromiter(
                (lost(word, 0) for word in self._counts), np.int64, len(highest)
            )
        place = len(highest) - most - 1
        self.error_bound = int(np.partition(highest, place)[place])
        stays = highest > self.error_bound
        self._counts = dict(compress(self._counts.items(), stays.tolist()))
        if self._lost:
            self._lost = {w: n for w, n in self._lost.items() if w in self._counts}
