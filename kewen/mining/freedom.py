"""How freely a word's neighbours change: the entropy of the letters on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.mining.corpus import Chunk
from kewen.mining.ngrams import LONGEST, Keys, Table, Units, find, table_of, units_of

LONGEST_WORD = 2 * LONGEST  # a word's first four and last four letters are all of it


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Counts the letters beside each of some words, wherever they occur in a chunk.

    Args:
        words: W of them, each of 2 to 8 units.
    """

    words: Sequence[str]

    def __call__(self, chunk: Chunk) -> tuple[Table, Table]:
        """(Left, right): numbers are word * 65536 + unit; 0 is no letter."""
        units = units_of(chunk.texts())
        found: list[tuple[NDArray[np.intp], NDArray[np.intp], int]] = []
        sizes = np.array([len(word.encode("utf-16-le")) // 2 for word in self.words])
        for size in np.unique(sizes).tolist():
            numbers = np.flatnonzero(sizes == size)
            words = [self.words[number] for number in numbers.tolist()]
            places, which = _occurrences(units, words, size)
            found.append((places, numbers[which], size))
        before = [_pairs(which, units[places - 1]) for places, which, _ in found]
        behind = [_pairs(which, units[places + size]) for places, which, size in found]
        return table_of(_joined(before)), table_of(_joined(behind))


def entropies(table: Table, num_words: int) -> NDArray[np.float64]:
    """Of each word's neighbours, in nats.

    Args:
        table: of one side.
        num_words: W.
    """
    word = (table.keys >> np.uint64(16)).astype(np.intp)
    total = np.bincount(word, table.counts, num_words)
    share = table.counts / total[word]
    return np.bincount(word, -share * np.log(share), num_words).astype(np.float64)


def _occurrences(
    units: Units, words: Sequence[str], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where words of one size begin, and which word that is."""
    ends = max(size - LONGEST, 0)  # where the last four letters begin
    heads = _packed(units, min(size, LONGEST))
    wanted = np.array([_halves(word) for word in words], np.uint64)
    firsts = np.unique(wanted[:, 0])
    lasts = np.unique(wanted[:, 1])
    pairs = np.searchsorted(firsts, wanted[:, 0]) * len(lasts)
    pairs += np.searchsorted(lasts, wanted[:, 1])
    order = np.argsort(pairs)
    first = find(heads, firsts)
    places = np.flatnonzero(first >= 0)
    places = places[places + ends < len(heads)]
    last = find(heads[places + ends], lasts)
    places, last = places[last >= 0], last[last >= 0]
    pair = (first[places] * len(lasts) + last).astype(np.uint64)
    which = find(pair, pairs[order].astype(np.uint64))
    return places[which >= 0], order[which[which >= 0]]


def _packed(units: Units, size: int) -> Keys:
    num = len(units) - LONGEST + 1
    keys = np.zeros(num, np.uint64)
    for place in range(size):
        keys = keys << np.uint64(16) | units[place : place + num]
    return keys


def _halves(word: str) -> tuple[int, int]:
    """The numbers of a word's first and last four units."""
    raw = word.encode("utf-16-be")
    return (
        int.from_bytes(raw[: 2 * LONGEST], "big"),
        int.from_bytes(raw[-2 * LONGEST :], "big"),
    )


def _pairs(which: NDArray[np.intp], neighbours: Units) -> Keys:
    return which.astype(np.uint64) << np.uint64(16) | neighbours


def _joined(parts: Sequence[Keys]) -> Keys:
    return np.concatenate([np.zeros(0, np.uint64), *parts])
