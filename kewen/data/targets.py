"""Rows that say which token should follow where: arrays of a length of their own.

A row of a model that writes has T tokens to read and T' to predict. Both lengths are
padded to few edges: that of the tokens decides the bucket, and each bucket has one
length of targets, so that there are as many shapes as buckets.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.data.padding import Row, pad_rows

TARGET_IDS = "target_ids"
# What a decoder reads, at which tokens something is predicted, and what that is.
TARGET_PADS = {
    "decoder_token_ids": 0,
    "decoder_padding_mask": 0,
    "target_places": 0,
    TARGET_IDS: -1,  # no token, so that a batch tells what counts
}
TargetEdges = Mapping[int, tuple[int, ...]]  # T -> the T' that there are, ascending


def lengths_of(rows: Sequence[Row], key: str) -> NDArray[np.int64]:
    """How long this array of each row is, (N,)."""
    return np.array([len(row[key]) for row in rows], np.int64)


def target_edges_of(
    rows: Sequence[Row], edges: Sequence[int], multiple: int, max_length: int | None
) -> dict[int, tuple[int, ...]]:
    """One T' for each T: the longest target of the rows that are not longer than T.

    Args:
        rows: with token_ids and target_ids.
        edges: every T.
        multiple: T' is rounded up to multiples of this,
        max_length: but not beyond this.
    """
    lengths = lengths_of(rows, "token_ids")
    targets = lengths_of(rows, TARGET_IDS)
    found: dict[int, tuple[int, ...]] = {}
    for edge in edges:
        longest = int(targets[lengths <= edge].max(initial=1))
        rounded = -(-longest // multiple) * multiple
        found[edge] = (max(longest, min(rounded, max_length or rounded)),)
    return found


def padded_targets(
    rows: Sequence[Row], edges: Sequence[int], fill: Mapping[str, int]
) -> dict[str, NDArray[Any]]:
    """The arrays of B rows that are as long as targets, each (B, T').

    Args:
        rows: B of them.
        edges: T' is the first of these that is long enough.
        fill: what fills up each of them.
    """
    longest = lengths_of(rows, TARGET_IDS).max()
    edge = next(edge for edge in edges if edge >= longest)
    return pad_rows(rows, edge, fill)


def with_targets(
    shapes: frozenset[tuple[int, int]], target_edges: TargetEdges
) -> frozenset[tuple[int, ...]]:
    """Shapes (B, T, T') of shapes (B, T), if there are targets."""
    if not target_edges:
        return frozenset[tuple[int, ...]](shapes)
    return frozenset((b, t, each) for b, t in shapes for each in target_edges[t])
