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
from kewen.data.targets import (
    TARGET_IDS,
    TARGET_PADS,
    TargetEdges,
    lengths_of,
    padded_targets,
    target_edges_of,
    with_targets,
)
from kewen.errors import ConfigError, DataError, ShapeError

# What a model takes, and what fills it up. Other keys of a row (offsets) stay behind.
PAD_VALUES = {"token_ids": 0, "segment_ids": 0, "padding_mask": 0}


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows of one length T.

    Rows with `target_ids` have labels and weights (B, T'), one for each token that is
    to be predicted; weights are 0 at padding and in fillers.
    """

    inputs: dict[str, NDArray[Any]]  # each (B, T), or (B, T') of targets
    labels: NDArray[np.int32] | None  # (B,)
    weights: NDArray[np.float32]  # (B,); 0 for fillers
    indices: NDArray[np.int64]  # (B,), the row each line is; -1 for fillers


class BatchSource(Protocol):
    """What a training takes: epochs of batches, wherever their rows lie."""

    def __len__(self) -> int:
        """Steps an epoch; the same for every epoch."""
        ...

    @property
    def shapes(self) -> frozenset[tuple[int, ...]]:
        """Every (B, T), or (B, T, T'), that may occur."""
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
        rows: N mappings of arrays (T,), as `Tokenizer.encode_many` gives them. Those of
            `TARGET_PADS` have a length of their own; the others decide the bucket.
        labels: (N,), class numbers, or None.
        weights: (N,), what each row counts; 1 unless given.
        pad_ids: fill values by key, beside or instead of 0 for token_ids, segment_ids
            and padding_mask; give the tokenizer's pad_id here.
        padding_side: where rows are filled up.
        batch_size, tokens_per_batch, shuffle, seed, max_length, max_shapes, multiple,
            edges: see `Buckets`.
        target_edges: lengths that the targets of each bucket may be padded to, where
            they were chosen beforehand; else there is one, the longest target's.
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
        target_edges: TargetEdges | None = None,
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
        self.pad_values = pad_values_of(rows[0], pad_ids)
        self.buckets = Buckets(
            lengths_of(rows, next(iter(self.pad_values))),
            batch_size=batch_size,
            tokens_per_batch=tokens_per_batch,
            max_shapes=max_shapes,
            multiple=multiple,
            max_length=max_length,
            shuffle=shuffle,
            seed=seed,
            edges=edges,
        )
        self.target_edges = target_edges or {}
        if TARGET_IDS in self.pad_values and padding_side == "left":
            raise ConfigError(
                "Rows with targets are filled up on the right, where their places stay "
                'what they are. Received: padding_side="left".'
            )
        if TARGET_IDS in self.pad_values and not self.target_edges:
            edges = [bucket.edge for bucket in self.buckets.buckets]
            self.target_edges = target_edges_of(rows, edges, multiple, max_length)

    def __len__(self) -> int:
        """Steps an epoch; the same for every epoch."""
        return len(self.buckets)

    @property
    def num_rows(self) -> int:
        """N, fillers not counted."""
        return len(self.rows)

    @property
    def shapes(self) -> frozenset[tuple[int, ...]]:
        """Every (B, T), or (B, T, T'), that may occur: so many compilations."""
        return with_targets(self.buckets.shapes, self.target_edges)

    @property
    def padding_share(self) -> float:
        """How much of what is computed is padding or filler, from 0 to 1."""
        if not self.target_edges:
            return self.buckets.padding_share
        real = self.buckets.lengths.sum() + lengths_of(self.rows, TARGET_IDS).sum()
        cells = sum(
            len(rows) * (edge + self.target_edges[edge][0])
            for rows, edge in self.buckets.epoch(0)
        )
        return 1.0 - float(real) / cells

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

    @property
    def _fills(self) -> tuple[dict[str, int], dict[str, int]]:
        """Pad values of what is as long as the tokens, and as the targets."""
        fills: tuple[dict[str, int], dict[str, int]] = {}, {}
        for key, value in self.pad_values.items():
            fills[key in TARGET_PADS][key] = value
        return fills

    def _batch(self, planned: tuple[NDArray[np.int64], int]) -> Batch:
        indices, length = planned
        real = indices != FILLER
        lines = np.where(real, indices, indices[0])
        rows = [self.rows[int(line)] for line in lines]
        fill, target_fill = self._fills
        inputs = pad_rows(rows, length, fill, self.padding_side)
        labels = None if self.labels is None else self.labels[lines]
        weights = np.where(real, self.weights[lines], np.float32(0))
        if self.target_edges:
            inputs |= padded_targets(rows, self.target_edges[length], target_fill)
            labels = inputs[TARGET_IDS]
            weights = np.where(labels < 0, np.float32(0), weights[:, None])
        return Batch(inputs, labels, weights, indices)


def pad_values_of(row: Row, pad_ids: Mapping[str, int] | None) -> dict[str, int]:
    """What fills up the arrays of such rows, by key.

    Raises:
        ShapeError: if no model takes any of them.
    """
    fill = PAD_VALUES | TARGET_PADS | dict(pad_ids or {})
    found = {key: fill[key] for key in row if key in fill}
    if not found:
        raise ShapeError(
            f"Rows must have one of {', '.join(PAD_VALUES)}. Received: "
            f"{', '.join(row)}. Make them with Tokenizer.encode_many."
        )
    return found


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
