"""Rows, labels and weights to batches of few shapes, epoch by epoch."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kewen.data.buckets import FILLER, Buckets
from kewen.data.padding import Row, pad_rows
from kewen.errors import ConfigError, DataError, ShapeError

# What a model takes, and what fills it up. Other keys of a row (offsets) stay behind.
PAD_VALUES = {"token_ids": 0, "segment_ids": 0, "padding_mask": 0}


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows of one length T."""

    inputs: dict[str, NDArray[Any]]  # each (B, T)
    labels: NDArray[np.int32] | None  # (B,)
    weights: NDArray[np.float32]  # (B,); 0 for fillers
    indices: NDArray[np.int64]  # (B,), the row each line is; -1 for fillers


class BatchSource(Protocol):
    """What a training takes: epochs of batches, wherever their rows lie."""

    def __len__(self) -> int:
        """Steps an epoch; the same for every epoch."""
        ...

    @property
    def shapes(self) -> frozenset[tuple[int, int]]:
        """Every (B, T) that may occur."""
        ...

    @property
    def padding_share(self) -> float:
        """How much of what is computed is padding or filler, from 0 to 1."""
        ...

    def epoch(self, epoch: int = 0, start_step: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from `start_step` on; the same each time."""
        ...

    def digest_of_data(self) -> str:
        """The SHA-256 of all rows, labels and weights, in their order."""
        ...

    def digest_of_plan(self) -> str:
        """The SHA-256 of which rows go together in which epoch, and how padded."""
        ...


class Batches:
    """Batches over rows held in memory, planned by `Buckets`.

    A filler line repeats the first line of its batch, so that a model sees nothing
    unusual in it, and has index -1 and weight 0, so that it counts nowhere.

    Args of the constructor:
        rows: N mappings of arrays (T,), as `Tokenizer.encode_many` gives them.
        labels: (N,), class numbers, or None.
        weights: (N,), what each row counts; 1 unless given.
        pad_ids: fill values by key, beside or instead of 0 for token_ids, segment_ids
            and padding_mask; give the tokenizer's pad_id here.
        padding_side: where rows are filled up.
        batch_size, tokens_per_batch, shuffle, seed, max_length, max_shapes, multiple,
            edges: see `Buckets`.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        labels: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        batch_size: int = 16,
        tokens_per_batch: int | None = None,
        shuffle: bool = False,
        seed: int | tuple[int, ...] = 0,
        pad_ids: Mapping[str, int] | None = None,
        padding_side: Literal["left", "right"] = "right",
        max_length: int | None = None,
        max_shapes: int = 6,
        multiple: int = 8,
        edges: Sequence[int] | None = None,
    ) -> None:
        if not len(rows):
            raise DataError(
                "Batches need at least one row. Received: none. Check that the file "
                "holds examples."
            )
        self.rows = rows
        self.padding_side: Literal["left", "right"] = padding_side
        self.labels = _per_row(labels, len(rows), np.int32, "labels")
        ones = np.ones(len(rows), np.float32)
        given = _per_row(weights, len(rows), np.float32, "weights")
        self.weights = ones if given is None else given
        fill = PAD_VALUES | dict(pad_ids or {})
        self.pad_values = {key: fill[key] for key in rows[0] if key in fill}
        if not self.pad_values:
            raise ShapeError(
                f"Rows must have one of {', '.join(fill)}. Received: "
                f"{', '.join(rows[0])}. Make them with Tokenizer.encode_many."
            )
        key = next(iter(self.pad_values))
        self.buckets = Buckets(
            [len(row[key]) for row in rows],
            batch_size=batch_size,
            tokens_per_batch=tokens_per_batch,
            max_shapes=max_shapes,
            multiple=multiple,
            max_length=max_length,
            shuffle=shuffle,
            seed=seed,
            edges=edges,
        )

    def __len__(self) -> int:
        """Steps an epoch; the same for every epoch."""
        return len(self.buckets)

    @property
    def num_rows(self) -> int:
        """N, fillers not counted."""
        return len(self.rows)

    @property
    def shapes(self) -> frozenset[tuple[int, int]]:
        """Every (B, T) that occurs: as many compilations as these."""
        return self.buckets.shapes

    @property
    def padding_share(self) -> float:
        """How much of what is computed is padding or filler, from 0 to 1."""
        return self.buckets.padding_share

    def epoch(self, epoch: int = 0, start_step: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from `start_step` on.

        The same epoch is the same again, so a run that was stopped after k steps goes
        on with `start_step=k` as if it had not been.
        """
        check_start(start_step, len(self))
        return map(self._batch, self.buckets.epoch(epoch)[start_step:])

    def digest_of_data(self) -> str:
        """The SHA-256 of all rows, labels and weights, in their order."""
        digest = hashlib.sha256()
        for row in self.rows:
            for key in self.pad_values:
                digest.update(np.ascontiguousarray(row[key]).tobytes() + b";")
        for array in (self.labels, self.weights):
            digest.update(b"none" if array is None else array.tobytes())
        return digest.hexdigest()

    def digest_of_plan(self) -> str:
        """The SHA-256 of which rows go together in two epochs, and how padded."""
        digest = hashlib.sha256(self.padding_side.encode())
        digest.update(json.dumps(self.pad_values).encode())
        for epoch in (0, 1):  # two, because the seed may show in the second only
            for rows, length in self.buckets.epoch(epoch):
                digest.update(rows.tobytes() + f"{length};".encode())
        return digest.hexdigest()

    def _batch(self, planned: tuple[NDArray[np.int64], int]) -> Batch:
        indices, length = planned
        real = indices != FILLER
        lines = np.where(real, indices, indices[0])
        inputs = pad_rows(
            [self.rows[int(line)] for line in lines],
            length,
            self.pad_values,
            self.padding_side,
        )
        labels = None if self.labels is None else self.labels[lines]
        weights = np.where(real, self.weights[lines], np.float32(0))
        return Batch(inputs, labels, weights, indices)


def check_start(start_step: int, steps: int) -> None:
    """A step of the epoch, or its end.

    Raises:
        ConfigError: if the epoch has not so many.
    """
    if not 0 <= start_step <= steps:
        raise ConfigError(
            f"start_step must be from 0 to {steps}, the steps of an epoch. "
            f"Received: {start_step}. Was the run begun with other data?"
        )


def _per_row(
    values: ArrayLike | None, count: int, dtype: type[Any], name: str
) -> NDArray[Any] | None:
    if values is None:
        return None
    array = np.asarray(values).astype(dtype)
    if array.shape != (count,):
        raise ShapeError(
            f"{name} must be ({count},), one a row. Received: {array.shape}."
        )
    return array
