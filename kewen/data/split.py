"""A fixed split of one data set into parts that hold every class in equal shares."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kewen.data.permutation import permutation
from kewen.errors import ConfigError, DataError


def stratified_split(
    labels: Sequence[str] | Sequence[int] | NDArray[np.generic],
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> tuple[NDArray[np.int64], ...]:
    """Deal the rows of each class to the parts, by shares as near as whole rows allow.

    Each class is split by the largest remainder: every part gets the whole rows of its
    share, and rows left over go to the parts with the largest fractions of a row; where
    these are equal, to the part that lags most behind over all classes so far.

    The split depends on labels, fractions and seed alone, not on NumPy's version.

    Args:
        labels: N of them, one a row.
        fractions: the parts' shares; they add up to 1.
        seed: another seed is another split.

    Returns:
        For each part its rows, int64, ascending. Every row is in exactly one part.

    Raises:
        ConfigError: if fractions are negative or do not add up to 1.
        DataError: if a part would be empty.

    Example: ten rows of two classes by (0.8, 0.2) give parts of 8 and 2, one of each.
    """
    shares = _exact(fractions)
    names, classes = np.unique(np.asarray(labels), return_inverse=True)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    lag = [Fraction(0) for _ in shares]
    for index in range(len(names)):
        rows = np.flatnonzero(classes == index)
        rows = rows[permutation(len(rows), seed, index)]
        counts = _largest_remainder(len(rows), shares, lag)
        ends = np.cumsum(counts)
        for part, end, count in zip(parts, ends, counts, strict=True):
            part.append(rows[end - count : end])
    joined = tuple(np.sort(np.concatenate([*p, _NO_ROWS])) for p in parts)
    for share, part in zip(shares, joined, strict=True):
        if share and not len(part):
            raise DataError(
                f"{len(classes)} rows in {len(names)} classes are too few for shares "
                f"{tuple(fractions)}: one part would be empty. Bring more rows, or a "
                "file for each part."
            )
    return joined


_NO_ROWS = np.empty(0, np.int64)


def _exact(fractions: Sequence[float]) -> list[Fraction]:
    """Shares as the fractions meant: 0.1 is a tenth, which no float is."""
    shares = [Fraction(share).limit_denominator(10**6) for share in fractions]
    if not shares or min(shares) < 0 or sum(shares) != 1:
        raise ConfigError(
            "fractions must be 0 or more and add up to 1. "
            f"Received: {tuple(fractions)}, which add up to {float(sum(shares))}."
        )
    return shares


def _largest_remainder(
    count: int, shares: Sequence[Fraction], lag: list[Fraction]
) -> list[int]:
    """Whole rows a part, adding up to `count`; updates how far each part lags."""
    exact = [count * share for share in shares]
    counts = [int(value) for value in exact]
    for index, value in enumerate(exact):
        lag[index] += value - counts[index]
    left = count - sum(counts)
    order = sorted(
        range(len(shares)),
        key=lambda index: (counts[index] - exact[index], -lag[index], index),
    )
    for index in order[:left]:
        counts[index] += 1
        lag[index] -= 1
    return counts
