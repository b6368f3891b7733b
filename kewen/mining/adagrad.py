"""Training by AdaGrad over mini-batches of pairs: a step for all rows of a batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kewen.errors import TrainingError
from kewen.mining.entries import Batch, Entries
from kewen.mining.gradients import Table, gradients

EPSILON = 1e-8


@dataclass
class AdaGrad:
    """One table and its sums of squared gradients.

    The square is added first and divided by then. GloVe's program does it the other way
    round, and with unbounded targets its first steps end in numbers that are none.
    """

    table: Table  # (V, C), changed in place
    learning_rate: float = 0.1
    fixed_column: int | None = None  # is not trained
    sums: Table = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.sums = np.ones_like(self.table)

    def step(self, rows: NDArray[np.integer], gradient: Table) -> None:
        """Move the rows, each named once, against their gradients (R, C)."""
        if self.fixed_column is not None:
            gradient[:, self.fixed_column] = 0
        if len(rows) == len(self.table):  # all of them, so no copies
            self.sums += gradient * gradient
            self.table -= self.learning_rate * gradient / np.sqrt(self.sums + EPSILON)
            return
        sums = self.sums[rows] + gradient * gradient
        self.sums[rows] = sums
        self.table[rows] -= self.learning_rate * gradient / np.sqrt(sums + EPSILON)


def descend(
    entries: Entries,
    first: AdaGrad,
    second: AdaGrad | None,
    *,
    epochs: int,
    batch_size: int,
    generator: np.random.Generator,
    compiled: bool | None = None,
) -> Iterator[float]:
    """Train, epoch by epoch, and give the mean loss of each, measured on the way.

    Args:
        entries: the demands. They are cut into random batches once; each epoch takes
            these in a new order.
        first: the table, or that of the words in the middle.
        second: that of the words around, or None if both are one.
        epochs: how often each entry is used.
        batch_size: entries a step.
        generator: of random numbers.
        compiled: as for `gradients`.

    Raises:
        TrainingError: if the loss is no number any more.
    """
    compute = gradients(compiled)
    batches = list(entries.batches(batch_size, generator))
    records = sum(len(batch.columns) for batch in batches)
    for epoch in range(epochs):
        loss = 0.0
        for number in generator.permutation(len(batches)):
            loss += _step(compute, batches[number], first, second)
        if not np.isfinite(loss):
            raise TrainingError(
                f"The loss must be a number. Received: {loss} in epoch {epoch + 1}. "
                f"Lower learning_rate, which is {first.learning_rate}."
            )
        yield loss / records


def _step(
    compute: Callable[[Table, Table, Batch], tuple[Table, float]],
    batch: Batch,
    first: AdaGrad,
    second: AdaGrad | None,
) -> float:
    if second is None:
        gradient, loss = compute(first.table, first.table, batch)
        first.step(batch.rows, gradient)
        return loss
    gradient, loss = compute(first.table, second.table, batch)
    other, _ = compute(second.table, first.table, batch)
    first.step(batch.rows, gradient)
    second.step(batch.rows, other)
    return loss
