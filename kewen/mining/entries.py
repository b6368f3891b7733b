"""What inner products of word vectors shall be: targets and weights of some pairs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kewen.errors import DataError
from kewen.mining.cooccurrences import Cooccurrence

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Entries:
    """Symmetric demands on pairs: each pair of ids is listed once."""

    size: int  # V
    rows: NDArray[np.int32]  # (E,)
    columns: NDArray[np.int32]  # (E,)
    targets: Floats  # (E,)
    weights: Floats  # (E,)

    def __len__(self) -> int:
        return len(self.rows)

    def both_ways(self) -> "Batch":
        """All of them as one batch."""
        return _batch(self, np.arange(len(self)))

    def batches(
        self, batch_size: int, generator: np.random.Generator
    ) -> Iterator["Batch"]:
        """The entries in a random order, cut into batches of nearly equal size."""
        order = generator.permutation(len(self)).astype(np.int32)
        number = -(-len(self) // batch_size)
        for part in np.array_split(order, number):
            yield _batch(self, part)


@dataclass(frozen=True)
class Batch:
    """Entries seen from both of their words, sorted by the word that sees."""

    rows: NDArray[np.int32]  # (R,), rising: the words that see something
    begins: NDArray[np.int64]  # (R + 1,): entries begins[r] to begins[r + 1] are r's
    columns: NDArray[np.int32]  # (E,): the word seen
    targets: Floats  # (E,)
    weights: Floats  # (E,)


def _batch(entries: Entries, chosen: NDArray[np.integer]) -> Batch:
    one, other = entries.rows[chosen], entries.columns[chosen]
    away = one != other  # a word with itself is one entry, not two
    rows = np.concatenate([one, other[away]])
    columns = np.concatenate([other, one[away]])
    # The second key makes runs through memory; a place fits beside it in 64 bits.
    order = np.argsort(rows.astype(np.int64) * entries.size + columns)
    place = np.concatenate([chosen, chosen[away]])[order]
    present, begins = np.unique(rows[order], return_index=True)
    return Batch(
        present,
        np.append(begins, len(order)).astype(np.int64),
        columns[order],
        entries.targets[place],
        entries.weights[place],
    )


def no_pairs(counts: Cooccurrence) -> DataError:
    """What is said of a corpus in which no word stands near another."""
    return DataError(
        "There must be pairs of different words. Received: "
        f"{len(counts)} pairs of {len(counts.lexicon)} words. Give more text, a "
        "wider window, or a smaller min_count."
    )


def weight_of(
    amounts: Floats, alpha: float, x_max: float, truncate: bool
) -> NDArray[np.float64]:
    """GloVe's weight of a count: (x / x_max)^alpha, at most 1 if truncated."""
    weights = np.asarray(amounts / x_max, np.float64) ** alpha
    return np.minimum(weights, 1.0) if truncate else weights


def check_counts(counts: object) -> None:
    """Texts are not counts."""
    if not isinstance(counts, Cooccurrence):
        raise DataError(
            "Word vectors are learned from the counts that cooccurrence(corpus) gives. "
            f"Received: {type(counts).__name__}."
        )


def off_diagonal(
    counts: Cooccurrence,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Rows, columns and amounts of the pairs of two different words."""
    check_counts(counts)
    pairs = sparse.coo_array(counts.pairs)
    rows, columns = pairs.coords
    apart = rows != columns
    if not apart.any():
        raise no_pairs(counts)
    ids = rows[apart].astype(np.int32), columns[apart].astype(np.int32)
    return *ids, np.asarray(pairs.data[apart], np.float64)


def pmi_entries(
    counts: Cooccurrence, *, alpha: float, x_max: float, truncate: bool, dtype: str
) -> Entries:
    """Pointwise mutual information of all pairs seen of two different words.

    log x_ij - log X - log n_i - log n_j + 2 log N, with X the sum of x_ij over ordered
    pairs i != j and N the sum of the words' counts n. Source: lesson 4669 and its code.
    """
    rows, columns, amounts = off_diagonal(counts)
    return Entries(
        len(counts.lexicon),
        rows,
        columns,
        pmi(counts, rows, columns, amounts).astype(dtype),
        weight_of(amounts, alpha, x_max, truncate).astype(dtype),
    )


def pmi(
    counts: Cooccurrence,
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    amounts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Pointwise mutual information of pairs with i < j, which must be all of them."""
    log_count = np.log(counts.lexicon.counts)
    constant = 2 * np.log(counts.lexicon.total) - np.log(2 * amounts.sum())
    return np.log(amounts) + (constant - log_count[rows] - log_count[columns])
