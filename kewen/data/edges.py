"""Which few lengths to pad to, so that the least padding is computed."""

import numpy as np
from numpy.typing import NDArray

# More candidates gain nothing visible, and the search is quadratic in them.
_MAX_CANDIDATES = 128


def choose_edges(
    lengths: NDArray[np.int64],
    max_shapes: int,
    multiple: int,
    max_length: int | None = None,
) -> tuple[int, ...]:
    """At most `max_shapes` lengths, ascending, that minimise the padding of all rows.

    Each row is padded to the first edge that is not shorter. An optimal edge always is
    the (rounded) length of some row, so the search runs over these, by dynamic
    programming: the best k edges ending at length j are the best k - 1 ending at some
    shorter i, and one bucket for what lies between.

    Args:
        lengths: (N,), of the rows; N at least 1.
        max_shapes: how many edges there may be.
        multiple: edges are rounded up to multiples of this, as kernels like them.
        max_length: no edge is longer, rounded or not.

    Example: lengths 5, 6, 60 with two edges of multiples of 8 give `(8, 64)`.
    """
    rounded = np.maximum(-(-lengths // multiple) * multiple, multiple)
    if max_length is not None:
        rounded = np.minimum(rounded, max_length)
    candidates, counts = _candidates(rounded)
    size = len(candidates)
    # cost[i, j]: cells of one bucket that pads candidates i + 1 .. j to candidate j.
    below = np.concatenate([[0], np.cumsum(counts)])
    cost = (below[None, 1:] - below[:-1, None]) * candidates[None, :]
    best = cost[0].astype(np.float64)
    came_from: list[NDArray[np.int64]] = []
    for _ in range(min(max_shapes, size) - 1):
        # total[i, j]: best up to i, then one bucket i + 1 .. j; empty unless i < j.
        total = np.full((size, size), np.inf)
        total[:-1] = best[:-1, None] + cost[1:]
        total[np.tril_indices(size)] = np.inf
        shorter = total.argmin(axis=0)
        reached = total[shorter, np.arange(size)]
        keep = best <= reached  # fewer edges already do as well
        came_from.append(np.where(keep, -1, shorter))
        best = np.where(keep, best, reached)
    return _trace_back(candidates, came_from)


def _candidates(
    rounded: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct lengths and how many rows have them; quantiles where they are many."""
    candidates, counts = np.unique(rounded, return_counts=True)
    if len(candidates) > _MAX_CANDIDATES:
        ranks = np.linspace(0, len(rounded) - 1, _MAX_CANDIDATES).astype(np.int64)
        candidates = np.unique(np.sort(rounded)[ranks])
        places = np.searchsorted(candidates, rounded)
        counts = np.bincount(places, minlength=len(candidates))
    return candidates, counts


def _trace_back(
    candidates: NDArray[np.int64], came_from: list[NDArray[np.int64]]
) -> tuple[int, ...]:
    edges = [len(candidates) - 1]
    for step in reversed(came_from):
        previous = int(step[edges[-1]])
        if previous >= 0:
            edges.append(previous)
    return tuple(int(candidates[index]) for index in reversed(edges))
