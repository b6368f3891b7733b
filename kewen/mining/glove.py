"""GloVe's own objective, to compare with: two tables, two biases, log counts.

Its vectors are not determined: add any c to all of one table and any to the other, move
the biases accordingly, and the loss is the same, while all cosines go towards 1. So
norms and inner products of GloVe's vectors mean nothing by themselves.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.mining.adagrad import AdaGrad, descend
from kewen.mining.cooccurrences import Cooccurrence
from kewen.mining.entries import Entries, check_counts, no_pairs, weight_of
from kewen.mining.estimator import Estimator
from kewen.mining.gradients import Table
from kewen.mining.pmi_vectors import check_numbers, first_values, joined, usual_batch
from kewen.mining.word_vectors import WordVectors
from kewen.settings import RandomState, generator


class GloVe(Estimator):
    """An estimator: sum of w_ij (<v_i, u_j> + b_i + c_j - log x_ij)^2."""

    vectors_: WordVectors
    losses_: list[float]

    def __init__(
        self,
        dim: int = 128,
        *,
        alpha: float = 0.75,
        x_max: float = 100.0,
        epochs: int = 30,
        learning_rate: float = 0.05,
        batch_size: int | None = None,
        dtype: str = "float32",
        random_state: RandomState = 0,
        compiled: bool | None = None,
    ):
        """Note what to do; the arguments are those of `PMIWordVectors`."""
        self.dim = dim
        self.alpha = alpha
        self.x_max = x_max
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dtype = dtype
        self.random_state = random_state
        self.compiled = compiled

    def fit(self, counts: Cooccurrence, y: object = None) -> "GloVe":
        """Train on counts, which GloVe takes by inverse distance; sums both tables."""
        for _ in self.rounds(counts):
            pass
        return self

    def rounds(self, counts: Cooccurrence) -> Iterator[float]:
        """`fit` epoch by epoch: gives the mean loss of each."""
        check_numbers(self)
        random = generator(self.random_state)
        entries = glove_entries(counts, self.alpha, self.x_max, self.dtype)
        # A bias is a column whose partner in the other table is 1 and stays so.
        size, width = len(counts.lexicon), self.dim + 2
        first = first_values(random, size, width, self.dtype)
        second = first_values(random, size, width, self.dtype)
        first[:, -1] = second[:, -2] = 1
        losses = descend(
            entries,
            AdaGrad(first, self.learning_rate, fixed_column=width - 1),
            AdaGrad(second, self.learning_rate, fixed_column=width - 2),
            epochs=self.epochs,
            batch_size=self.batch_size or usual_batch(len(entries)),
            generator=random,
            compiled=self.compiled,
        )
        self.losses_ = []
        for loss in losses:
            self.losses_.append(loss)
            table = joined(first[:, :-2], second[:, :-2], "sum")
            self.vectors_ = WordVectors(
                counts.lexicon.words, table, counts.lexicon.counts
            )
            yield loss


def glove_entries(
    counts: Cooccurrence, alpha: float, x_max: float, dtype: str
) -> Entries:
    """Logarithms of all counts, a word around itself too, and GloVe's weights."""
    check_counts(counts)
    pairs = sparse.coo_array(counts.pairs)
    rows, columns = pairs.coords
    if not len(rows):
        raise no_pairs(counts)
    # Around itself a word is seen from both ends.
    amounts = np.where(rows == columns, 2 * pairs.data, pairs.data)
    return Entries(
        len(counts.lexicon),
        rows.astype(np.int32),
        columns.astype(np.int32),
        np.log(amounts).astype(dtype),
        weight_of(amounts, alpha, x_max, truncate=True).astype(dtype),
    )


def glove_loss(
    first: Table,
    second: Table,
    bias: NDArray[np.floating],
    other_bias: NDArray[np.floating],
    entries: Entries,
) -> float:
    """Half the sum of w_ij (<v_i, u_j> + b_i + c_j - t_ij)^2 over ordered pairs."""
    batch = entries.both_ways()
    rows = np.repeat(batch.rows, np.diff(batch.begins))
    products = np.einsum("ec,ec->e", first[rows], second[batch.columns])
    errors = products + bias[rows] + other_bias[batch.columns] - batch.targets
    return float(0.5 * (batch.weights * errors**2).sum())
