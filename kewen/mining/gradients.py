"""The one loop of training: errors of inner products, and what each row should do.

For a batch of pairs seen from both words, row i gets
sum_j w_ij (<a_i, b_j> - t_ij) b_j. No two rows write to one place, so threads need no
locks and the answer does not depend on their number. Numba compiles the loop (extra
"mining"); without it NumPy and SciPy do the same in four steps, which take longer.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.mining.entries import Batch

Table = NDArray[np.floating]
CHUNK_ENTRIES = 1 << 13  # their vectors should stay in the cache
Gradients = Callable[[Table, Table, Batch], tuple[Table, float]]


def gradients(compiled: bool) -> Gradients:
    """A function of two tables (V, C) and a batch: gradients (R, C), and the loss.

    The loss is the sum of w d^2 / 2 over the entries of the batch, each pair twice.

    Args:
        compiled: by numba or not.
    """
    return _by_numba if compiled else by_numpy


def by_numpy(table: Table, other: Table, batch: Batch) -> tuple[Table, float]:
    """The gradients and the loss, by NumPy and SciPy alone."""
    number = len(batch.columns)
    seers = np.repeat(batch.rows, np.diff(batch.begins))
    products = np.empty(number, table.dtype)
    for begin in range(0, number, CHUNK_ENTRIES):
        part = slice(begin, begin + CHUNK_ENTRIES)
        mine = table.take(seers[part], axis=0)
        theirs = other.take(batch.columns[part], axis=0)
        np.einsum("ec,ec->e", mine, theirs, out=products[part])
    products -= batch.targets
    pulls = batch.weights * products
    shape = (len(batch.rows), len(other))
    pull = sparse.csr_array((pulls, batch.columns, batch.begins), shape=shape)
    return pull @ other, 0.5 * float(np.dot(pulls, products))


def _by_numba(table: Table, other: Table, batch: Batch) -> tuple[Table, float]:
    gradient = np.zeros((len(batch.rows), table.shape[1]), table.dtype)
    losses = np.zeros(len(batch.rows))
    _compiled()(
        table,
        other,
        batch.rows,
        batch.begins,
        batch.columns,
        batch.targets,
        batch.weights,
        gradient,
        losses,
    )
    return gradient, float(losses.sum())


@cache
def _compiled() -> Callable[..., None]:
    import numba

    def loop(
        table: Any,
        other: Any,
        rows: Any,
        begins: Any,
        columns: Any,
        targets: Any,
        weights: Any,
        gradient: Any,
        losses: Any,
    ) -> None:
        for r in numba.prange(len(rows)):
            mine = table[rows[r]]
            sums = gradient[r]
            loss = 0.0
            for e in range(begins[r], begins[r + 1]):
                theirs = other[columns[e]]
                product = table.dtype.type(0)
                for c in range(len(mine)):
                    product += mine[c] * theirs[c]
                error = product - targets[e]
                pull = weights[e] * error
                loss += 0.5 * pull * error
                for c in range(len(mine)):
                    sums[c] += pull * theirs[c]
            losses[r] = loss

    return compiled_loop(loop)


def compiled_loop(loop: Callable[..., None]) -> Callable[..., None]:
    """A loop over `numba.prange`, on all cores, kept for the next process if possible.

    Sums may be reordered, so that a product of rows uses wide registers.
    """
    import numba

    options = {"parallel": True, "fastmath": {"reassoc", "contract", "nsz"}}
    try:
        return numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # no place to keep it
        return numba.njit(**options)(loop)
