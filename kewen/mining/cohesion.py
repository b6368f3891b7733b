"""Where a text may be cut: between letters that no cohesive run of letters covers.

The fast algorithm of the lessons on minimum entropy. N-grams are counted; one is
cohesive if its letters come together far more often than chance would have it, however
it is split; a text is cut where no cohesive n-gram lies across; and what is left whole
is a word if each of its n-grams is cohesive too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.mining.corpus import Chunk
from kewen.mining.ngrams import (
    LONGEST,
    Keys,
    Table,
    Units,
    find,
    grams_of,
    keys_at,
    table_of,
    units_of,
)
from kewen.mining.packed_words import PackedWords


def count_ngrams(chunk: Chunk) -> list[Table]:
    """The runs of 1 to 4 letters of a chunk."""
    units = units_of(chunk.texts())
    return [table_of(keys_at(units, size)[1]) for size in range(1, LONGEST + 1)]


def cohesion(tables: Sequence[Table], size: int) -> NDArray[np.float64]:
    """Least pointwise mutual information of two parts, for the n-grams of a size.

    Args:
        tables: of the sizes from 1 on; those of smaller sizes must be complete for what
            is in the one asked for.
        size: at least 2.

    Returns:
        float, as many as the table has rows: min over the splits into a and b of
        log(N c(ab) / (c(a) c(b))), N the number of letters.
    """
    table = tables[size - 1]
    total = float(tables[0].counts.sum())
    lowest = np.full(len(table.keys), np.inf)
    for behind in range(1, size):
        left = tables[size - behind - 1].counts_of(table.keys >> _bits(behind))
        right = tables[behind - 1].counts_of(table.keys & _mask(behind))
        # Both occur at least as often as the whole, so neither is 0.
        lowest = np.minimum(lowest, np.log(table.counts / left / right * total))
    return lowest


def _bits(letters: int) -> np.uint64:
    return np.uint64(16 * letters)


def _mask(letters: int) -> np.uint64:
    return np.uint64((1 << 16 * letters) - 1)


@dataclass(frozen=True, slots=True)
class CohesionCutter:
    """Cuts a chunk where no cohesive n-gram lies across, and counts what is whole.

    Args:
        cohesive: the cohesive n-grams of 2, 3 and 4 letters.
        longest: letters of a word; longer ones are not counted.
    """

    cohesive: Sequence[Keys]
    longest: int

    def __call__(self, chunk: Chunk) -> dict[str, int]:
        """How often each part was left whole, single letters too."""
        units = units_of(chunk.texts())
        starts, ends = self.spans(units)
        sizes = ends - starts
        kept = sizes <= self.longest
        packed = PackedWords()
        raw = units.astype("<u2").tobytes()
        packed.add(
            [
                raw[2 * start : 2 * end].decode("utf-16-le", "replace")
                for start, end in zip(
                    starts[kept].tolist(), ends[kept].tolist(), strict=True
                )
            ]
        )
        return packed.counts()

    def spans(self, units: Units) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where each part begins and ends."""
        whole = np.zeros(len(units) + LONGEST, np.bool_)  # no cut behind this letter
        for size, keys in enumerate(self.cohesive, 2):
            places, found = keys_at(units, size)
            places = places[find(found, keys) >= 0]
            for step in range(size - 1):
                whole[places + step] = True
        letter = units != 0
        behind = np.append(letter[1:], False) & whole[: len(units)]
        starts = np.flatnonzero(letter & ~np.append(False, (letter & behind)[:-1]))
        ends = np.flatnonzero(letter & ~behind) + 1
        return starts, ends

    def is_word(self, word: str) -> bool:
        """Whether it is cohesive itself, or, if long, every n-gram of it is."""
        size, grams = grams_of(word)
        return bool((find(grams, self.cohesive[size - 2]) >= 0).all())
