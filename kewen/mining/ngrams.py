"""Runs of up to four letters as 64-bit numbers: counted, and found again, by sorting.

A text is an array of UTF-16 units in which whatever is no letter, ideograph or digit is
0. Four units make one number, so tables of n-grams are sorted arrays and no hash is
needed; the halves of rare wide characters count as two letters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kewen.mining import key_counts

Units = NDArray[np.uint16]
Keys = NDArray[np.uint64]

LONGEST = 4  # letters that fit in a number


@cache
def _letters() -> NDArray[np.bool_]:
    """Which units belong to words."""
    half = range(0xD800, 0xE000)
    return np.array([n in half or chr(n).isalnum() for n in range(1 << 16)])


def units_of(texts: Sequence[str]) -> Units:
    """The letters of texts, with zeros between them, before the first and at the end.

    The zeros at the end make room for a longest run to begin at every letter.
    """
    joined = "\n".join(["", *texts, *[""] * LONGEST])
    units = np.frombuffer(joined.encode("utf-16-le", "replace"), "<u2")
    return np.where(_letters()[units], units, np.uint16(0)).astype(np.uint16)


def keys_at(units: Units, size: int) -> tuple[NDArray[np.intp], Keys]:
    """Where runs of `size` letters begin, and their numbers."""
    num = len(units) - LONGEST + 1
    keys = np.zeros(num, np.uint64)
    whole = np.ones(num, np.bool_)
    for place in range(size):
        part = units[place : place + num]
        keys = keys << np.uint64(16) | part
        whole &= part != 0
    starts = np.flatnonzero(whole)
    return starts, keys[starts]


def grams_of(word: str) -> tuple[int, Keys]:
    """A word's n-grams of four letters, or itself if it is shorter: (n, numbers)."""
    raw = word.encode("utf-16-be")
    size = min(len(raw) // 2, LONGEST)
    places = range(0, len(raw) - 2 * size + 1, 2)
    grams = [int.from_bytes(raw[p : p + 2 * size], "big") for p in places]
    return size, np.array(grams, np.uint64)


def find(keys: Keys, ordered: Keys) -> NDArray[np.intp]:
    """Where each number stands among others in order; -1 if it is not there."""
    if not len(ordered):
        return np.full(len(keys), -1)
    places = np.searchsorted(ordered, keys)
    places[places == len(ordered)] = 0
    return np.where(ordered[places] == keys, places, -1)


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers in order, and how often each came."""

    keys: Keys
    counts: NDArray[np.int64]

    def find(self, keys: Keys) -> NDArray[np.intp]:
        """Where the numbers stand; -1 for those that are not here."""
        return find(keys, self.keys)

    def counts_of(self, keys: Keys) -> NDArray[np.int64]:
        """How often each came; 0 for those that are not here."""
        places = self.find(keys)
        return (
            np.where(places < 0, 0, self.counts[places]) if len(self.keys) else places
        )


def table_of(keys: Keys) -> Table:
    """How often each number occurs."""
    return Table(*key_counts.summed(keys))  # twice as fast as numpy.unique


def added(tables: Sequence[Table]) -> Table:
    """One table of several."""
    if len(tables) == 1:
        return tables[0]
    every = np.concatenate([table.keys for table in tables])
    counts = np.concatenate([table.counts for table in tables])
    if not len(every):
        return tables[0]
    order = np.argsort(every, kind="stable")  # quick where parts are in order already
    every, counts = every[order], counts[order]
    firsts = np.flatnonzero(np.append(True, every[1:] != every[:-1]))
    return Table(every[firsts], np.add.reduceat(counts, firsts))


def summed(parts: Iterable[Sequence[Table]]) -> list[Table]:
    """The sums of tables that come in groups, one of each place in the group.

    What comes waits until it is as large as what is summed already, so each row is
    moved a few times only.
    """
    total: list[Table] = []
    waiting: list[Sequence[Table]] = []
    rows = 0
    for part in parts:
        waiting.append(part)
        rows += sum(len(table.keys) for table in part)
        if rows > sum(len(table.keys) for table in total):
            total = _added_up(total, waiting)
            waiting, rows = [], 0
    return _added_up(total, waiting)


def _added_up(total: list[Table], parts: Sequence[Sequence[Table]]) -> list[Table]:
    groups = [total, *parts] if total else parts
    return [added(same) for same in zip(*groups, strict=True)]
