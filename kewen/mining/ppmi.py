"""The classical baseline: singular vectors of the positive PMI matrix."""

import numpy as np
from scipy import sparse

from kewen.errors import ConfigError
from kewen.mining.cooccurrences import Cooccurrence
from kewen.mining.entries import off_diagonal, pmi
from kewen.mining.word_vectors import WordVectors
from kewen.settings import RandomState, at_least, generator

OVERSAMPLING = 16  # directions more than are wanted


def ppmi_svd(
    counts: Cooccurrence,
    dim: int = 128,
    *,
    power: float = 0.5,
    num_products: int = 4,
    random_state: RandomState = 0,
) -> WordVectors:
    """Word vectors U S^power of the matrix max(PMI, 0), 0 where nothing was seen.

    The largest directions are found from a random subspace, which is multiplied by the
    matrix and made orthogonal again and again (Halko, Martinsson and Tropp, 2011). The
    matrix is symmetric, so its singular values are the sizes of its eigenvalues.

    Args:
        counts: how often words stand near each other.
        dim: of a vector; at most the number of words.
        power: 0.5 is usual (Levy, Goldberg and Dagan, 2015); 1 is the projection.
        num_products: with the matrix; each makes the directions more exact.
        random_state: of the subspace.
    """
    rows, columns, amounts = off_diagonal(counts)
    size = len(counts.lexicon)
    if at_least("dim", dim, 1) > size:
        raise ConfigError(f"dim must be 1 to {size}, the words. Received: {dim}.")
    values = np.maximum(pmi(counts, rows, columns, amounts), 0).astype(np.float32)
    ids = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    matrix = sparse.csr_array((np.tile(values, 2), ids), shape=(size, size))
    random = generator(random_state)
    width = min(dim + OVERSAMPLING, size)
    basis = random.standard_normal((size, width)).astype(np.float32)
    for _ in range(at_least("num_products", num_products, 0)):
        basis = np.linalg.qr(matrix @ basis).Q
    eigenvalues, turned = np.linalg.eigh(basis.T @ (matrix @ basis))
    largest = np.argsort(-np.abs(eigenvalues))[:dim]
    vectors = (basis @ turned[:, largest]) * np.abs(eigenvalues[largest]) ** power
    return WordVectors(
        counts.lexicon.words, vectors.astype(np.float32), counts.lexicon.counts
    )
