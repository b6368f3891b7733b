"""Answers in the words of a passage."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from kewen.decoding.rules.checks import ids_of, is_whole
from kewen.decoding.rules.occurrences import occurrences
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text
from kewen.errors import ConfigError

Tensor = Any


@dataclasses.dataclass(frozen=True)
class PassageNGrams(Rule):
    """Every n tokens in a row that are generated stand in a row in one of the passages.

    Without n all of it does: what is generated is a slice of a passage. An end id may
    come at any time.

    Attributes:
        passages: for each prompt its passages, lists of ids; one entry alone is for
            all prompts. Kept as one array, int32 (B, P), with -1 between passages.
        end_ids: allowed at any time.
        n: 1 for any tokens of the passages; None for whole slices.

    Source: lesson 7148, whose answers are slices.
    """

    passages: Any
    end_ids: Any
    n: int | None = None

    NUMBERS: ClassVar = {"passages": "int32", "end_ids": "int32"}

    def __post_init__(self) -> None:
        given: Sequence[Sequence[Sequence[int]]] = self.passages
        if self.n is not None:
            is_whole("n", self.n, 1)
        rows = []
        for passages in given:
            row = [-1]
            for passage in passages:
                row += [*ids_of("passages", passage).tolist(), -1]
            rows.append(row)
        if not rows or min(map(len, rows)) < 2:
            raise ConfigError("Each prompt needs at least one passage. Received: none.")
        padded = np.full((len(rows), max(map(len, rows))), -1, "int32")
        for to, row in zip(padded, rows, strict=True):
            to[: len(row)] = row
        object.__setattr__(self, "passages", padded)
        object.__setattr__(self, "end_ids", ids_of("end_ids", self.end_ids))

    @property
    def prompts(self) -> int | None:
        """As of `Rule`."""
        entries = self.passages.shape[0]
        return None if entries == 1 else entries

    def start(self, rows: int) -> tuple[Tensor, Tensor]:
        """As `Rule.start`: each row's passages, and how much of its text ends there."""
        prompts = self.passages.shape[0]
        if rows % prompts:
            raise ConfigError(
                "Passages are for all prompts, or one entry a prompt. Received: "
                f"{prompts} entries for {rows} rows."
            )
        own = ops.repeat(self.passages, rows // prompts, axis=0)
        return own, ops.zeros_like(own)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        passages, matched = text.state
        needed = text.counts
        if self.n is not None:
            needed = ops.minimum(needed, self.n - 1)
        goes_on = ops.logical_and(matched >= needed[:, None], passages >= 0)
        size = logits.shape[-1]
        ends = ops.tile(ops.reshape(self.end_ids, (1, -1)), (passages.shape[0], 1))
        ids = ops.concatenate([passages, ends], axis=1)
        allowed = ops.concatenate([goes_on, ops.ones_like(ends, "bool")], axis=1)
        return ops.where(occurrences(ids, allowed, size) > 0, logits, FORBIDDEN)

    def follow(self, state: tuple[Tensor, Tensor], ids: Tensor) -> Any:
        """As `Rule.follow`."""
        passages, matched = state
        grown = ops.where(passages == ids[:, None], matched + 1, 0)
        return passages, ops.pad(grown[:, :-1], ((0, 0), (1, 0)))
