"""Words compared by what they go with: correlation of their inner products with others.

Over N context words k, Pearson's correlation of <v_i, v_k> and <v_j, v_k> is the cosine
of v_i U and v_j U, where U U' = S, the scatter of the context words' vectors. So V
correlations cost V products of C numbers, not of N. A Cholesky factor of S exists only
if it has full rank; eigenvectors give a U that always does.
"""

import numpy as np
from numpy.typing import NDArray


def profile_directions(
    vectors: NDArray[np.floating], context_words: int
) -> NDArray[np.floating]:
    """(V, C) rows whose inner products are the correlations; zero if nothing varies.

    Args:
        vectors: (V, C).
        context_words: N, the first so many rows are the context words.
    """
    context = vectors[:context_words].astype(np.float64)
    context = context - context.mean(axis=0)
    eigenvalues, directions = np.linalg.eigh(context.T @ context)
    # Below the rounding of the largest, an eigenvalue's own sign is chance.
    floor = eigenvalues[-1] * len(eigenvalues) * np.finfo(np.float64).eps
    roots = np.sqrt(np.where(eigenvalues > floor, eigenvalues, 0))
    turned = vectors @ (directions * roots)
    norms = np.linalg.norm(turned, axis=1, keepdims=True)
    return (turned / np.where(norms > 0, norms, 1)).astype(vectors.dtype)
