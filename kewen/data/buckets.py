"""Which rows go together: batches of similar length, of few shapes.

A compiled model is compiled once a shape, and padding is computed like text. So the
rows fall into a few buckets by length; every batch of a bucket has one shape (B, T),
and what does not fill a batch of its bucket moves up into the next longer one. At most
one batch an epoch is not full, the last of the longest bucket; fillers complete it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.data.edges import choose_edges
from kewen.data.permutation import permutation
from kewen.errors import ConfigError, DataError

FILLER = -1  # stands for a row in a batch that has too few


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows that are padded to one length."""

    edge: int  # T
    batch_size: int  # B
    rows: NDArray[np.int64]  # those whose length calls for this edge


class Buckets:
    """A plan of batches over N rows, known by their lengths alone.

    Args of the constructor:
        lengths: (N,), how long each row is.
        batch_size: B, unless `tokens_per_batch` is given. Where N is smaller, the next
            power of two from N up serves instead.
        tokens_per_batch: B of each bucket is the whole number of its rows in this.
        max_shapes: at most so many shapes (B, T), hence compilations.
        multiple: T is rounded up to multiples of this.
        max_length: T is never more; every row must fit.
        shuffle: new batches in a new order each epoch; else longest first, and always
            the same.
        seed: sets the shuffling, together with the epoch's number; or several numbers.
        edges: T of the buckets, ascending, where they were chosen beforehand for more
            rows than these. B then is `batch_size`, however few rows there are.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.integer],
        *,
        batch_size: int = 16,
        tokens_per_batch: int | None = None,
        max_shapes: int = 6,
        multiple: int = 8,
        max_length: int | None = None,
        shuffle: bool = False,
        seed: int | tuple[int, ...] = 0,
        edges: Sequence[int] | None = None,
    ) -> None:
        self.lengths = np.asarray(lengths, np.int64)
        self.shuffle = shuffle
        self.seeds = (seed,) if isinstance(seed, int) else seed
        _check_positive(
            batch_size=batch_size,
            max_shapes=max_shapes,
            multiple=multiple,
            tokens_per_batch=tokens_per_batch,
            max_length=max_length,
        )
        _check_lengths(self.lengths, edges[-1] if edges else max_length)
        if edges:
            sizes = [batch_size for _ in edges]
        else:
            edges = choose_edges(self.lengths, max_shapes, multiple, max_length)
            sizes = _batch_sizes(edges, len(self.lengths), batch_size, tokens_per_batch)
        places = np.searchsorted(edges, self.lengths)
        self.buckets = [
            Bucket(edge, size, np.flatnonzero(places == index))
            for index, (edge, size) in enumerate(zip(edges, sizes, strict=True))
        ]
        plan = self.epoch(0)
        self.shapes = frozenset((len(rows), edge) for rows, edge in plan)
        self._num_steps = len(plan)
        self._cells = sum(len(rows) * edge for rows, edge in plan)

    def __len__(self) -> int:
        """Batches an epoch; every epoch has the same number."""
        return self._num_steps

    @property
    def padding_share(self) -> float:
        """How much of what is computed is padding or filler rows, from 0 to 1."""
        return 1.0 - float(self.lengths.sum()) / self._cells

    def epoch(self, epoch: int) -> list[tuple[NDArray[np.int64], int]]:
        """The batches of one epoch: rows (B,), `FILLER` where there is none, and T.

        Every row is in exactly one batch. The same epoch of the same seed is the same
        again, whatever came before it.
        """
        batches: list[tuple[NDArray[np.int64], int]] = []
        carried = np.empty(0, np.int64)
        for index, bucket in enumerate(self.buckets):
            rows = np.concatenate([carried, self._ordered(bucket.rows, epoch, index)])
            # The carried, shorter rows go first, so that none is carried twice unless
            # the bucket is smaller than a batch.
            full = len(rows) // bucket.batch_size * bucket.batch_size
            for start in range(0, full, bucket.batch_size):
                batches.append((rows[start : start + bucket.batch_size], bucket.edge))
            carried = rows[full:]
        if len(carried):
            last = self.buckets[-1]
            batches.append((_filled(carried, last.batch_size), last.edge))
        if not self.shuffle:
            return batches[::-1]
        order = permutation(len(batches), *self.seeds, epoch, len(self.buckets))
        return [batches[index] for index in order]

    def _ordered(
        self, rows: NDArray[np.int64], epoch: int, index: int
    ) -> NDArray[np.int64]:
        if self.shuffle:
            return rows[permutation(len(rows), *self.seeds, epoch, index)]
        return rows[np.argsort(self.lengths[rows], kind="stable")]


def fewest_lines(batch_size: int, count: int) -> int:
    """B for so many rows: less where they are few, then a power of two.

    A power of two, so that calls with few rows compile few shapes.
    """
    return min(batch_size, 1 << (count - 1).bit_length())


def _batch_sizes(
    edges: Sequence[int], count: int, batch_size: int, tokens_per_batch: int | None
) -> list[int]:
    if tokens_per_batch is None:
        wanted = [batch_size for _ in edges]
    elif tokens_per_batch < edges[-1]:
        raise ConfigError(
            "tokens_per_batch must hold at least one of the longest rows, padded to "
            f"{edges[-1]}. Received: {tokens_per_batch}. Raise it, or truncate."
        )
    else:
        wanted = [tokens_per_batch // edge for edge in edges]
    return [fewest_lines(size, count) for size in wanted]


def _filled(rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.concatenate([rows, np.full(size - len(rows), FILLER, np.int64)])


def _check_positive(**options: int | None) -> None:
    for name, value in options.items():
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more. Received: {value}.")


def _check_lengths(lengths: NDArray[np.int64], max_length: int | None) -> None:
    if lengths.ndim != 1 or not len(lengths):
        raise DataError(
            "Buckets need the lengths of at least one row, as one list. "
            f"Received: shape {lengths.shape}. Check that the file holds examples."
        )
    longest = int(lengths.argmax())
    if max_length is not None and lengths[longest] > max_length:
        raise DataError(
            f"Every row must have at most max_length = {max_length} tokens. Received: "
            f"row {longest} with {lengths[longest]}. Truncate with the tokenizer's "
            "max_length."
        )
