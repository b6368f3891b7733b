"""Training by AdaGrad over mini-batches of pairs: a step for all rows of a batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.errors import TrainingError
from kewen.mining.entries import Batch, Entries
from kewen.mining.gradients import Gradients, Table, compiled_loop, gradients
from kewen.mining.independence import Independence

EPSILON = 1e-8
STRIDE = 8  # batches between two steps towards independence


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

    def step(
        self,
        rows: NDArray[np.integer],
        gradient: Table,
        compiled: bool = False,
    ) -> None:
        """Move the rows, each named once, against their gradients (R, C)."""
        if self.fixed_column is not None:
            gradient[:, self.fixed_column] = 0
        rate = self.table.dtype.type(self.learning_rate)
        if compiled:
            _compiled_step()(self.table, self.sums, rows, gradient, rate)
            return
        sums = self.sums[rows] + gradient * gradient
        self.sums[rows] = sums
        self.table[rows] -= rate * gradient / np.sqrt(sums + EPSILON)


@cache
def _compiled_step() -> Callable[..., None]:
    """The same in one pass through memory, where NumPy takes eight."""
    import numba

    def step(table: Any, sums: Any, rows: Any, gradient: Any, rate: Any) -> None:
        epsilon = table.dtype.type(EPSILON)
        for r in numba.prange(len(rows)):
            moved, summed, slope = table[rows[r]], sums[rows[r]], gradient[r]
            for c in range(len(slope)):
                summed[c] += slope[c] * slope[c]
                moved[c] -= rate * slope[c] / np.sqrt(summed[c] + epsilon)

    return compiled_loop(step)


def descend(
    entries: Entries,
    first: AdaGrad,
    second: AdaGrad | None,
    *,
    epochs: int,
    batch_size: int,
    generator: np.random.Generator,
    compiled: bool | None = None,
    independence: Independence | None = None,
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
        compiled: by numba or not; None takes it if it is installed.
        independence: demanded of all pairs too, in steps between the batches. Its own
            loss is not reported.

    Raises:
        TrainingError: if the loss is no number any more.
    """
    if compiled is None:
        compiled = find_spec("numba") is not None
    compute = gradients(compiled)
    batches = list(entries.batches(batch_size, generator))
    records = sum(len(batch.columns) for batch in batches)
    for epoch in range(epochs):
        loss = 0.0
        for turn, number in enumerate(generator.permutation(len(batches))):
            if independence is not None and turn % STRIDE == 0:
                ahead = min(STRIDE, len(batches) - turn)
                _separate(independence, first, second, ahead / len(batches), compiled)
            loss += _step(compute, batches[number], first, second, compiled)
        if not np.isfinite(loss):
            raise TrainingError(
                f"The loss must be a number. Received: {loss} in epoch {epoch + 1}. "
                f"Lower learning_rate, which is {first.learning_rate}."
            )
        yield loss / records


def _step(
    compute: Gradients,
    batch: Batch,
    first: AdaGrad,
    second: AdaGrad | None,
    compiled: bool,
) -> float:
    if second is None:
        gradient, loss = compute(first.table, first.table, batch)
        first.step(batch.rows, gradient, compiled)
        return loss
    gradient, loss = compute(first.table, second.table, batch)
    other, _ = compute(second.table, first.table, batch)
    first.step(batch.rows, gradient, compiled)
    second.step(batch.rows, other, compiled)
    return loss


def _separate(
    independence: Independence,
    first: AdaGrad,
    second: AdaGrad | None,
    share: float,
    compiled: bool,
) -> None:
    everything = np.arange(len(first.table), dtype=np.int32)
    partner = first if second is None else second
    gradient = independence.gradient(first.table, partner.table, share)
    if second is not None:
        other = independence.gradient(second.table, first.table, share)
        second.step(everything, other, compiled)
    first.step(everything, gradient, compiled)
