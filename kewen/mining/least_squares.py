"""Training in closed form: with all others fixed, a word's vector is least squares."""

from collections.abc import Iterator

import numpy as np
from scipy import linalg

from kewen.errors import TrainingError
from kewen.mining.entries import Batch, Entries
from kewen.mining.gradients import Table, by_numpy
from kewen.mining.independence import Independence


def alternate(
    entries: Entries,
    first: Table,
    second: Table | None,
    *,
    epochs: int,
    ridge: float,
    independence: Independence | None = None,
) -> Iterator[float]:
    """Solve for each row in turn, and give the mean loss after each round.

    A row of the shared table is solved for with the newest rows of all others, so the
    loss, with `ridge` |v|^2 / 2 for each row and that of `independence`, never rises.

    Args:
        entries: the demands.
        first: (V, C), the table, or that of the words in the middle; changed in place.
        second: that of the words around, or None if both are one.
        epochs: rounds.
        ridge: above 0; what makes a word with fewer partners than C solvable.
        independence: demanded of all pairs too; its own loss is not reported.
    """
    batch = entries.both_ways()
    for _ in range(epochs):
        if second is None:
            _solve(first, first, batch, ridge, independence)
        else:
            _solve(first, second, batch, ridge, independence)
            _solve(second, first, batch, ridge, independence)
        loss = by_numpy(first, first if second is None else second, batch)[1]
        yield loss / len(batch.columns)


def _solve(
    table: Table,
    other: Table,
    batch: Batch,
    ridge: float,
    independence: Independence | None,
) -> None:
    penalty = ridge * np.eye(table.shape[1], dtype=table.dtype)
    (solver,) = linalg.get_lapack_funcs(("posv",), (penalty,))
    root = np.sqrt(batch.weights)
    wanted = root * batch.targets
    inner = None if independence is None else independence.inner(other)
    for number, row in enumerate(batch.rows):
        part = slice(batch.begins[number], batch.begins[number + 1])
        seen = other.take(batch.columns[part], axis=0)
        seen *= root[part, None]
        normal = seen.T @ seen  # NumPy sees that this is symmetric
        normal += penalty
        weight = 0.0
        if independence is not None and inner is not None:
            weight = independence.weights[row]
            own = np.outer(other[row], other[row])
            normal += weight * (inner - weight * own)
        _, solved, failed = solver(normal, wanted[part] @ seen, overwrite_a=True)
        if failed:
            raise TrainingError(
                f"The vector of word {row} must be determined. Received: normal "
                f"equations that are not positive definite. Raise ridge ({ridge})."
            )
        if inner is not None and table is other:
            inner += weight * (
                np.outer(solved, solved) - np.outer(table[row], table[row])
            )
        table[row] = solved
