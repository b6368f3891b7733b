"""Vectors as a graph of near ones, and their clusters by InfoMap."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.mining.communities.graph import Graph
from kewen.mining.communities.infomap import InfoMap
from kewen.mining.word_vectors import WordVectors
from kewen.settings import at_least, real

BLOCK_BYTES = 64 << 20  # of similarities that are in memory at a time


def knn_graph(
    embeddings: Any,
    k: int = 50,
    min_similarity: float = 0.6,
    *,
    names: Sequence[Hashable] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Graph:
    """Links from each vector to its nearest ones, weighted by the cosine.

    All pairs are compared, a block of rows at a time, so that memory does not grow with
    the square of their number.

    Args:
        embeddings: `WordVectors`, or numbers, (n, C). A vector of length 0 is near to
            none.
        k: the most links of one vector.
        min_similarity: the least cosine of a link; above 0, since weights must be.
        names: what the n vectors are called; else their words or numbers.
        block_bytes: how much memory a block of similarities may take.

    Returns:
        A directed graph: a near neighbour need not be near from the other side.
    """
    if isinstance(embeddings, WordVectors):
        names = embeddings.words if names is None else names
        embeddings = embeddings.vectors
    vectors = _checked(embeddings)
    size = len(vectors)
    if names is not None and len(names) != size:
        raise ShapeError(
            f"There must be a name for each vector. Received: {len(names)} names, "
            f"{size} vectors."
        )
    k = at_least("k", k, 1)
    if not 0 < real("min_similarity", min_similarity, "above 0") <= 1:
        raise ConfigError(
            f"min_similarity must be above 0 and at most 1. Received: {min_similarity}."
        )
    unit = _of_length_1(vectors)
    rows = max(1, block_bytes // (size * unit.itemsize))
    starts, columns, weights = [np.zeros(1, np.int64)], [], []
    for first in range(0, size, rows):
        similar = unit[first : first + rows] @ unit.T
        here = np.arange(len(similar))
        similar[here, first + here] = -1.0  # not with itself
        near = _best(similar, min(k, size - 1))
        values = np.take_along_axis(similar, near, 1)
        kept = values >= min_similarity
        starts.append(kept.sum(1))
        columns.append(near[kept])
        # Rounding may make a cosine more than 1.
        weights.append(np.minimum(values[kept], 1.0).astype(np.float64))
    start = np.cumsum(np.concatenate(starts))
    matrix = sparse.csr_matrix(
        (np.concatenate(weights), np.concatenate(columns), start), shape=(size, size)
    )
    matrix.sort_indices()
    return Graph(matrix, True, range(size) if names is None else names)


def cluster_embeddings(
    embeddings: Any,
    names: Sequence[Hashable] | None = None,
    *,
    k: int = 50,
    min_similarity: float = 0.6,
    **options: Any,
) -> InfoMap:
    """Clusters of vectors: InfoMap on the graph of near ones.

    How many clusters there are comes out by itself; vectors that are near to none stay
    alone. `members()` of the result lists the clusters, the most central names first.

    Args:
        embeddings: see `knn_graph`, as are the next three.
        names: of the vectors, such as words.
        k: the most links of one vector.
        min_similarity: lower for fewer, larger clusters.
        **options: of `InfoMap`.

    Source: lesson 7006, with words.
    """
    graph = knn_graph(embeddings, k, min_similarity, names=names)
    if graph.num_links == 0:
        raise DataError(
            f"No two vectors have a cosine of {min_similarity} or more. "
            f"Received: {graph.num_nodes} vectors. Lower min_similarity."
        )
    return InfoMap(**options).fit(graph)


def _best(similar: NDArray[Any], k: int) -> NDArray[np.intp]:
    """Columns of the k largest of each row."""
    if k >= similar.shape[1]:
        return np.argsort(-similar, 1, kind="stable")
    return np.argpartition(-similar, max(k - 1, 0), 1)[:, :k]


def _of_length_1(vectors: NDArray[Any]) -> NDArray[Any]:
    # The largest number comes to 1 first: squares of others may be no numbers.
    scaled = _divided(vectors, np.abs(vectors).max(1))
    return _divided(scaled, np.linalg.norm(scaled, axis=1))


def _divided(rows: NDArray[Any], by: NDArray[Any]) -> NDArray[Any]:
    """Each row by its number; a row of zeros stays."""
    by = by[:, None]
    return np.divide(rows, by, out=np.zeros_like(rows), where=by > 0)


def _checked(embeddings: Any) -> NDArray[Any]:
    vectors = np.asarray(embeddings)
    if vectors.dtype.kind in "cOUSmM":
        raise DataError(
            f"Vectors must be rows of real numbers. Received: dtype {vectors.dtype}."
        )
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ShapeError(
            "Vectors are the rows of an array, (n, C), of at least one number each. "
            f"Received: {vectors.shape}."
        )
    if vectors.dtype not in (np.float32, np.float64):
        vectors = vectors.astype(np.float32)
    bad = ~np.isfinite(vectors).all(1)
    if bad.any():
        raise DataError(
            "Vectors must be finite numbers. Received: others in "
            f"{int(bad.sum())} of {len(vectors)}, first in row {int(np.argmax(bad))}."
        )
    return vectors
