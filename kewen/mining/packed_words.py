"""Words of up to four characters, counted as numbers: sorting them beats a dict.

A Chinese word seldom has more than four characters, and four UTF-16 units are one
64-bit number. So most words never meet a hash table, whose random reads of memory cost
as much as half of the cutting. Nothing is hashed, so nothing can be mixed up.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.mining.ngrams import Keys, Table, added, table_of

UNITS = 4
_MOST_KEYS = 1 << 22  # that wait to be sorted: 32 MB
# What is left of a number if only its first n units count.
_FIRST = np.array(
    [(1 << 64) - (1 << 16 * (UNITS - n)) for n in range(UNITS + 1)], np.uint64
)


class PackedWords:
    """Counts words that come in lists; a list of some thousands is best.

    It travels by pickle, and takes in what others have counted.
    """

    def __init__(self) -> None:
        self._others: Counter[str] = Counter()
        self._waiting: list[Keys] = []
        self._num_waiting = 0
        self._tables: list[Table] = []

    def add(self, words: Sequence[str]) -> None:
        """Count some words."""
        joined = "\0".join(words)
        data = f"{joined}{UNITS * chr(0)}".encode("utf-16-be")
        ends = np.flatnonzero(np.frombuffer(data, np.uint16) == 0)
        wide = len(data) != 2 * (len(joined) + UNITS)
        if wide or len(ends) != len(words) - 1 + UNITS:  # U+0000 is in a word
            self._others.update(words)
            return
        ends = ends[: len(words)]
        starts = np.append(0, ends[:-1] + 1)
        self.add_runs(data, starts, ends - starts)

    def add_runs(
        self, data: bytes, starts: NDArray[np.intp], sizes: NDArray[np.intp]
    ) -> None:
        """Count words that lie in a text, in which no character is wide.

        Args:
            data: UTF-16, big-endian; four units more than the last word needs.
            starts: (W,) the first unit of each word.
            sizes: (W,) how many units.
        """
        long = np.flatnonzero(sizes > UNITS)
        if len(long):
            pairs = zip(starts[long].tolist(), sizes[long].tolist(), strict=True)
            self._others.update(
                [data[2 * n : 2 * (n + size)].decode("utf-16-be") for n, size in pairs]
            )
            starts, sizes = np.delete(starts, long), np.delete(sizes, long)
        # The four units from each place on, which lie two bytes apart.
        number = len(data) // 2 - UNITS + 1
        runs = np.ndarray(number, ">u8", data, strides=(2,)).astype(np.uint64)
        self._waiting.append(runs[starts] & _FIRST[sizes])
        self._num_waiting += len(starts)
        if self._num_waiting > _MOST_KEYS:
            self._sort()

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Count what has been counted elsewhere; less than 0 takes away."""
        self._others.update(counts)

    def merge(self, other: "PackedWords") -> None:
        """Count all that another one has counted."""
        other._sort()
        self._tables += other._tables
        self._others.update(other._others)
        # Few rows wait for as many, so each is moved a few times only.
        sizes = [len(table.keys) for table in self._tables]
        if sum(sizes) > 2 * max(sizes, default=0):
            self._tables = [added(self._tables)]

    def counts(self) -> dict[str, int]:
        """How often each word came."""
        self._sort()
        table = (
            added(self._tables) if self._tables else table_of(np.zeros(0, np.uint64))
        )
        decoded = table.keys.astype(">u8").tobytes().decode("utf-16-be")
        places = range(0, len(decoded), UNITS)
        words = [decoded[place : place + UNITS].rstrip("\0") for place in places]
        counts = dict(zip(words, table.counts.tolist(), strict=True))
        for word, count in self._others.items():
            counts[word] = counts.get(word, 0) + count
            if not counts[word]:
                del counts[word]
        return counts

    def __getstate__(self) -> dict[str, Any]:
        self._sort()
        return self.__dict__

    def _sort(self) -> None:
        """Words that wait become one of each, with its number."""
        if self._num_waiting:
            keys: NDArray[np.uint64] = np.concatenate(self._waiting)
            self._waiting, self._num_waiting = [], 0
            self._tables.append(table_of(keys))


def falling(counts: Mapping[str, int]) -> dict[str, int]:
    """The same, the most frequent first, equal ones by their characters' codes."""
    words = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
    return {word: counts[word] for word in words}
