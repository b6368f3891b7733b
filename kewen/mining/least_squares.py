"""Training in closed form: with all others fixed, a word's vector is least squares."""

from collections.abc import Iterator

import numpy as np
from scipy import linalg

from kewen.errors import TrainingError
from kewen.mining.entries import Batch, Entries
from kewen.mining.gradients import Table, by_numpy


def alternate(
    entries: Entries, first: Table, second: Table | None, *, epochs: int, ridge: float
) -> Iterator[float]:
    """Solve for each row in turn, and give the mean loss after each round.

    A row of the shared table is solved for with the newest rows of all others, so the
    loss, with `ridge` |v|^2 / 2 for each row, never rises.

    Args:
        entries: the demands.
        first: (V, C), the table, or that of the words in the middle; changed in place.
        second: that of the words around, or None if both are one.
        epochs: rounds.
        ridge: above 0; what makes a word with fewer partners than C solvable.
    """
    batch = entries.both_ways()
    for _ in range(epochs):
        if second is None:
            _solve(first, first, batch, ridge)
        else:
            _solve(first, second, batch, ridge)
            _solve(second, first, batch, ridge)
        loss = by_numpy(first, first if second is None else second, batch)[1]
        yield loss / len(batch.columns)


def _solve(table: Table, other: Table, batch: Batch, ridge: float) -> None:
    penalty = ridge * np.eye(table.shape[1], dtype=table.dtype)
    (solver,) = linalg.get_lapack_funcs(("posv",), (penalty,))
    root = np.sqrt(batch.weights)
    wanted = root * batch.targets
    for number, row in enumerate(batch.rows):
        part = slice(batch.begins[number], batch.begins[number + 1])
        seen = other.take(batch.columns[part], axis=0)
        seen *= root[part, None]
        normal = seen.T @ seen  # NumPy sees that this is symmetric
        normal += penalty
        _, solved, failed = solver(normal, wanted[part] @ seen, overwrite_a=True)
        if failed:
            raise TrainingError(
                f"The vector of word {row} must be determined. Received: normal "
                f"equations that are not positive definite. Raise ridge ({ridge})."
            )
        table[row] = solved
