"""Words of up to four characters, counted as numbers: sorting them beats a dict.

A Chinese word seldom has more than four characters, and four UTF-16 units are one
64-bit number. So most words never meet a hash table, whose random reads of memory cost
as much as half of the cutting. Nothing is hashed, so nothing can be mixed up.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNITS = 4
_SURROGATES = 0xD800 >> 11  # the upper five bits of both halves
_MOST_KEYS = 1 << 22  # that wait to be sorted: 32 MB


class PackedWords:
    """Counts words that come in lists; a list of some thousands is best."""

    def __init__(self) -> None:
        self._others: Counter[str] = Counter()
        self._waiting: list[NDArray[np.uint64]] = []
        self._num_waiting = 0
        self._keys = np.zeros(0, np.uint64)
        self._counts = np.zeros(0, np.int64)

    def add(self, words: Sequence[str]) -> None:
        """Count some words."""
        joined = "\0".join(words)
        units = np.frombuffer(f"{joined}{UNITS * chr(0)}".encode("utf-16-le"), "<u2")
        ends = np.flatnonzero(units == 0)
        wide = (units >> 11 == _SURROGATES).any()
        if wide or len(ends) != len(words) - 1 + UNITS:  # U+0000 is in a word
            self._others.update(words)
            return
        ends = ends[: len(words)]
        starts = np.append(0, ends[:-1] + 1)
        sizes = ends - starts
        long = np.flatnonzero(sizes > UNITS)
        if len(long):
            self._others.update([words[place] for place in long.tolist()])
            starts, sizes = np.delete(starts, long), np.delete(sizes, long)
        numbers = units.astype(np.uint64)
        keys = numbers[starts]
        for place in range(1, UNITS):
            # What lies behind the word's end is shifted out again.
            keys = keys << np.uint64(16) | numbers[starts + place]
        self._waiting.append(keys >> (16 * (UNITS - sizes)).astype(np.uint64))
        self._num_waiting += len(keys)
        if self._num_waiting > _MOST_KEYS:
            self._sort()

    def counts(self) -> dict[str, int]:
        """How often each word came."""
        self._sort()
        decoded = self._keys.astype(">u8").tobytes().decode("utf-16-be")
        places = range(0, len(decoded), UNITS)
        words = [decoded[place : place + UNITS].lstrip("\0") for place in places]
        counts = dict(zip(words, self._counts.tolist(), strict=True))
        for word, count in self._others.items():
            counts[word] = counts.get(word, 0) + count
        return counts

    def _sort(self) -> None:
        """Words that wait become one of each, with its number."""
        if not self._num_waiting:
            return
        keys = np.concatenate(self._waiting)
        self._waiting, self._num_waiting = [], 0
        keys.sort()
        firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        counts = np.diff(np.append(firsts, len(keys)))
        keys = keys[firsts]
        if len(self._keys):
            counts = np.concatenate([self._counts, counts])
            keys, places = np.unique(
                np.concatenate([self._keys, keys]), return_inverse=True
            )
            counts = np.bincount(places, counts).astype(np.int64)
        self._keys, self._counts = keys, counts
