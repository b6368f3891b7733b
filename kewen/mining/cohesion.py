"""Where a text may be cut: between letters that no cohesive run of letters covers.

The fast algorithm of the lessons on minimum entropy. N-grams are counted; one is
cohesive if its letters come together far more often than chance would have it, however
it is split; a text is cut where no cohesive n-gram lies across; and what is left whole
is a word if each of its n-grams is cohesive too.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.mining.corpus import Chunk
from kewen.mining.key_counts import KeyCounts
from kewen.mining.ngrams import (
    LONGEST,
    Keys,
    Table,
    Units,
    find,
    keys_at,
    table_of,
    units_of,
)
from kewen.mining.packed_words import PackedWords

SURROGATES = 0xD800 >> 11  # the upper five bits of both halves of a wide character
_SIGN = np.uint64(1 << 63)  # turned, so that the order is the same with a sign


def count_ngrams(chunk: Chunk) -> list[Table]:
    """The runs of 1 to 4 letters of a chunk."""
    units = units_of(chunk.texts())
    return [table_of(keys_at(units, size)[1]) for size in range(1, LONGEST + 1)]


def frequent_ngrams(
    parts: Iterable[Sequence[Table]], min_count: int, memory_bytes: int
) -> tuple[list[Table], int]:
    """The n-grams of all parts that come often enough, exactly, in bounded memory.

    Args:
        parts: what `count_ngrams` gives.
        min_count: rarer ones are left out. An n-gram's parts are as frequent as it is,
            so nothing is missing that its cohesion needs.
        memory_bytes: what counting may hold before it goes to temporary files.

    Returns:
        A table of each size from 1 to 4, and how many letters there are.
    """
    letters = 0
    with ExitStack() as stack:
        counts = [
            stack.enter_context(KeyCounts(memory_bytes // LONGEST))
            for _ in range(LONGEST)
        ]
        for part in parts:
            letters += int(part[0].counts.sum())
            for size, table in zip(counts, part, strict=True):
                size.add_run(((table.keys ^ _SIGN).view(np.int64), table.counts))
        return [_frequent(size, min_count) for size in counts], letters


def _frequent(counts: KeyCounts, min_count: int) -> Table:
    kept = [(keys[n >= min_count], n[n >= min_count]) for keys, n in counts.parts()]
    kept = kept or [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    keys = np.concatenate([keys for keys, _ in kept])
    return Table(keys.view(np.uint64) ^ _SIGN, np.concatenate([n for _, n in kept]))


def cohesion(tables: Sequence[Table], size: int, letters: int) -> NDArray[np.float64]:
    """Least pointwise mutual information of two parts, for the n-grams of a size.

    Args:
        tables: of the sizes from 1 on; those of smaller sizes must be complete for what
            is in the one asked for.
        size: at least 2.
        letters: N, how many there are.

    Returns:
        float, as many as the table has rows: min over the splits into a and b of
        log(N c(ab) / (c(a) c(b))).
    """
    table = tables[size - 1]
    lowest = np.full(len(table.keys), np.inf)
    for behind in range(1, size):
        left = tables[size - behind - 1].counts_of(table.keys >> _bits(behind))
        right = tables[behind - 1].counts_of(table.keys & _mask(behind))
        # Both occur at least as often as the whole, so neither is 0.
        lowest = np.minimum(
            lowest, np.log(table.counts / left / right * float(letters))
        )
    return lowest


def _bits(letters: int) -> np.uint64:
    return np.uint64(16 * letters)


def _mask(letters: int) -> np.uint64:
    return np.uint64((1 << 16 * letters) - 1)


@dataclass(frozen=True, slots=True)
class CohesionCutter:
    """Cuts a chunk where no cohesive n-gram lies across, and counts words and letters.

    What is left whole is a word if it is cohesive itself or, if it is long, every
    n-gram of it is.

    Args:
        cohesive: the cohesive n-grams of 2, 3 and 4 letters.
        longest: letters of a word; longer ones are not counted.
    """

    cohesive: Sequence[Keys]
    longest: int

    def __call__(self, chunk: Chunk) -> PackedWords:
        """How often each word was left whole, and each single letter."""
        units = units_of(chunk.texts())
        starts, ends, words = self.spans(units)
        kept = words & (ends - starts <= self.longest)
        starts, ends = starts[kept], ends[kept]
        data = units.astype(">u2").tobytes()
        halves = np.append(0, np.cumsum(units >> 11 == SURROGATES))
        wide = halves[ends] > halves[starts]
        packed = PackedWords()
        packed.add_runs(data, starts[~wide], (ends - starts)[~wide])
        packed.add(
            [
                data[2 * start : 2 * end].decode("utf-16-be", "replace")
                for start, end in zip(
                    starts[wide].tolist(), ends[wide].tolist(), strict=True
                )
            ]
        )
        return packed

    def spans(
        self, units: Units
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Where each part begins and ends, and whether it is a word or a letter."""
        room = len(units) + LONGEST
        whole = np.zeros(room, np.bool_)  # no cut behind this letter
        begins = np.zeros((LONGEST + 1, room), np.bool_)  # a cohesive n-gram, by size
        for size, keys in enumerate(self.cohesive, 2):
            places, found = keys_at(units, size)
            places = places[find(found, keys) >= 0]
            begins[size, places] = True
            for step in range(size - 1):
                whole[places + step] = True
        letter = units != 0
        behind = np.append(letter[1:], False) & whole[: len(units)]
        starts = np.flatnonzero(letter & ~np.append(False, (letter & behind)[:-1]))
        ends = np.flatnonzero(letter & ~behind) + 1
        sizes = ends - starts
        begins[1] = True
        # Of a long one, as many n-grams are cohesive as begin in it.
        before = np.append(0, np.cumsum(begins[LONGEST]))
        last = np.maximum(ends - LONGEST, starts) + 1
        all_of_it = before[last] - before[starts] == last - starts
        short = begins[np.minimum(sizes, LONGEST), starts]
        return starts, ends, np.where(sizes > LONGEST, all_of_it, short)
