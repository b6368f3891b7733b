"""Batches over examples that stay on the disk.

Each epoch puts the blocks of the file into a new order and cuts that into windows of
some thousand rows. The rows of a window are read, encoded, shuffled and bucketed as
`Batches` does with all rows. Memory holds two windows: one that is being given away,
and the next, which a thread makes ready meanwhile.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.data.batches import Batch, Batches, check_start, pad_values_of
from kewen.data.buckets import fewest_lines
from kewen.data.edges import choose_edges
from kewen.data.example import Example
from kewen.data.padding import Row
from kewen.data.permutation import permutation
from kewen.data.streaming import StreamedExamples
from kewen.data.targets import (
    TARGET_IDS,
    TargetEdges,
    lengths_of,
    target_edges_of,
    with_targets,
)
from kewen.errors import ConfigError, DataError

WINDOW = 16384  # rows that are shuffled together; whole batches of them
SAMPLE = 64  # blocks whose lengths stand for all
_AT_ONCE = 1024  # rows that are encoded together, and whose texts memory holds

Encode = Callable[[Sequence[Example]], Sequence[Row]]
Number = Callable[[Sequence[Example]], NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class _Order:
    """The blocks of one epoch, one after the other."""

    blocks: NDArray[np.int64]
    ends: NDArray[np.int64]  # rows up to and with each


class StreamedBatches:
    """Batches over a file, of few shapes, in a new order each epoch.

    Every row is in exactly one batch of an epoch. The order follows from seed, epoch
    and step, so that a stopped run goes on at the same row, and reads only from there.

    Args of the constructor:
        examples: N of them.
        encode: examples to rows, as `Tokenizer.encode_many` gives them, or to rows with
            targets; called from a thread.
        numbers: examples to class numbers (N,), such as `LabelSet.encode`; None where
            rows have targets of their own.
        several: whether `encode` may give an example several rows, or none. The file is
            then encoded once more beforehand, because an epoch's steps must be known.
        factors: (L,), what a row of each class counts; 1 unless given.
        max_length: no row that `encode` gives is longer, nor are its targets.
        batch_size: B. Where N is smaller, the next power of two from N up.
        window: rows that are shuffled together, rounded down to whole batches. Each
            comes from other places of the file, a block of up to 128 rows from each.
        seed: sets the order, together with the epoch's number.
        pad_ids, max_shapes, multiple: as for `Batches`. One more shape (B, max_length)
            is possible where a sample of the rows has none so long.
    """

    def __init__(
        self,
        examples: StreamedExamples,
        encode: Encode,
        *,
        numbers: Number | None = None,
        several: bool = False,
        max_length: int,
        factors: NDArray[np.float32] | None = None,
        batch_size: int = 16,
        window: int = WINDOW,
        seed: int = 0,
        pad_ids: Mapping[str, int] | None = None,
        max_shapes: int = 6,
        multiple: int = 8,
    ) -> None:
        if min(batch_size, window, max_length) < 1:
            raise ConfigError(
                "batch_size, window and max_length must be 1 or more. Received: "
                f"{batch_size}, {window} and {max_length}."
            )
        self.examples = examples
        self._encode, self._numbers, self._factors = encode, numbers, factors
        self._block_sizes = np.array(examples.block_sizes, np.int64)
        if several:
            blocks = range(len(self._block_sizes))
            counts = [len(encode(examples.block(block))) for block in blocks]
            self._block_sizes = np.array(counts, np.int64)
        self._firsts = np.cumsum(self._block_sizes) - self._block_sizes
        self.num_rows = int(self._block_sizes.sum())
        sample = self._sample()
        if not sample:
            raise DataError(
                f"{examples.path} must hold texts of more than one token. Received: "
                "none, as far as a sample shows. Check that it is the right file."
            )
        self.batch_size = fewest_lines(batch_size, self.num_rows)
        self.window = max(1, window // self.batch_size) * self.batch_size
        self.seed = seed
        self.pad_values = pad_values_of(sample[0], pad_ids)
        lengths = lengths_of(sample, next(iter(self.pad_values)))
        self.edges = choose_edges(lengths, max_shapes, multiple, max_length)
        self.target_edges: TargetEdges = {}
        if len(sample) < self.num_rows and self.edges[-1] < max_length:
            self.edges += (max_length,)  # for a row that is longer than all of these
        if TARGET_IDS in self.pad_values:
            usual = target_edges_of(sample, self.edges, multiple, max_length)
            # And one for a target that is longer than all of these.
            self.target_edges = {
                edge: (target, max_length)[: 1 + (target < max_length)]
                for edge, (target,) in usual.items()
            }
        self.padding_share = self._batches_of(sample, None, 0).padding_share
        self._digest_of_sample = self._digest(sample)

    def __len__(self) -> int:
        """Steps an epoch: each window but the last has whole batches only."""
        return -(-self.num_rows // self.batch_size)

    @property
    def shapes(self) -> frozenset[tuple[int, ...]]:
        """Every (B, T), or (B, T, T'), that may occur: at most so many compilations."""
        shapes = frozenset((self.batch_size, edge) for edge in self.edges)
        return with_targets(shapes, self.target_edges)

    def epoch(self, epoch: int = 0, start_step: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from `start_step` on.

        The same epoch is the same again. `Batch.indices` count the file's examples.

        Raises:
            DataError: if the file was changed since it was indexed.
        """
        check_start(start_step, len(self))
        return self._windows(epoch, start_step)

    def digest_of_data(self) -> str:
        """The SHA-256 of the file, of how it is read, and of a sample of its rows."""
        digest = hashlib.sha256(self.examples.digest.encode())
        digest.update(self._digest_of_sample.encode())
        if self._factors is not None:
            digest.update(self._factors.tobytes())
        return digest.hexdigest()

    def digest_of_plan(self) -> str:
        """The SHA-256 of all that sets the order, and of two epochs' blocks."""
        sizes = [self.num_rows, self.batch_size, self.window, *self.edges]
        digest = hashlib.sha256(json.dumps([sizes, self.pad_values]).encode())
        for epoch in (0, 1):  # two, because the seed may show in the second only
            digest.update(self._order(epoch).blocks.tobytes())
        digest.update(str(self.seed).encode())  # one block has one order only
        return digest.hexdigest()

    def _windows(self, epoch: int, start_step: int) -> Iterator[Batch]:
        order = self._order(epoch)
        steps = self.window // self.batch_size
        first, skipped = divmod(start_step, steps)
        last = -(-self.num_rows // self.window) - 1
        if first > last:  # the end of the epoch
            return
        read = partial(self._window, order)
        with ThreadPoolExecutor(1, "kewen-read-ahead") as pool:
            following = pool.submit(read, first)
            for number in range(first, last + 1):
                batches, indices = following.result()
                if number < last:
                    following = pool.submit(read, number + 1)
                for batch in batches.epoch(epoch, skipped):
                    real = batch.indices >= 0
                    placed = np.where(real, indices[batch.indices], -1)
                    yield replace(batch, indices=placed)
                skipped = 0

    def _order(self, epoch: int) -> _Order:
        blocks = permutation(len(self._block_sizes), self.seed, epoch)
        return _Order(blocks, np.cumsum(self._block_sizes[blocks]))

    def _window(self, order: _Order, number: int) -> tuple[Batches, NDArray[np.int64]]:
        """The rows of one window, and which examples of the file they are."""
        start = number * self.window
        stop = min(start + self.window, self.num_rows)
        rows: list[Row] = []
        labels: list[NDArray[np.int32]] = []
        indices: list[NDArray[np.int64]] = []
        waiting: list[Example] = []
        wanted: list[bool] = []  # of the rows of those that wait

        def encode() -> None:
            encoded = self._encode(waiting)
            rows.extend(map(self._slim, compress(encoded, wanted)))
            if self._numbers is not None:
                labels.append(self._numbers(waiting)[np.array(wanted, bool)])
            waiting.clear()
            wanted.clear()

        place = int(np.searchsorted(order.ends, start, side="right"))
        while start < stop:
            block = int(order.blocks[place])
            size = int(self._block_sizes[block])
            before = int(order.ends[place] - size)
            ends = min(stop, int(order.ends[place]))
            # A block may begin in the window before, and end in the next.
            waiting.extend(self.examples.block(block))
            wanted.extend(start - before <= row < ends - before for row in range(size))
            indices.append(np.arange(start, ends) - before + self._firsts[block])
            start, place = ends, place + 1
            if len(waiting) >= _AT_ONCE or start == stop:
                encode()
        numbers = np.concatenate(labels) if labels else None
        return self._batches_of(rows, numbers, number), np.concatenate(indices)

    def _batches_of(
        self, rows: Sequence[Row], numbers: NDArray[np.int32] | None, window: int
    ) -> Batches:
        weights = None
        if self._factors is not None and numbers is not None:
            weights = self._factors[numbers]
        return Batches(
            rows,
            labels=numbers,
            weights=weights,
            batch_size=self.batch_size,
            shuffle=True,
            seed=(self.seed, window),  # else every window had one and the same shuffle
            pad_ids=self.pad_values,
            edges=self.edges,
            target_edges=self.target_edges,
        )

    def _slim(self, row: Row) -> Row:
        return {key: row[key] for key in self.pad_values}

    def _sample(self) -> list[Row]:
        """Rows of some blocks; all, if these are all blocks."""
        blocks = np.sort(permutation(len(self._block_sizes), 0)[:SAMPLE])
        return [
            row
            for block in blocks
            for row in self._encode(self.examples.block(int(block)))
        ]

    def _digest(self, rows: Sequence[Mapping[str, Any]]) -> str:
        digest = hashlib.sha256()
        for row in rows:
            for key in self.pad_values:
                digest.update(np.ascontiguousarray(row[key]).tobytes() + b";")
        return digest.hexdigest()
