"""Texts of a regular expression, and no others."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from kewen.decoding.grammar import automaton
from kewen.decoding.rules.checks import ids_of
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text
from kewen.errors import ConfigError

Tensor = Any
NEVER = 1 << 30  # tokens to an end that cannot be reached
AT_ONCE = 4096  # tokens whose ways are followed together


@dataclasses.dataclass(frozen=True)
class Grammar(Rule):
    """What is generated matches a pattern as a whole.

    A token is allowed if the text can still be finished with the tokens that are left:
    so it matches even where the limit cuts it off. An end id may come where the text is
    whole.

    Memory: 4 bytes for each token, and 4 for each state and each class of tokens; those
    of a class lead from every state to the same one.

    Args:
        pattern: a regular expression, see `kewen.decoding.grammar.regex`; for JSON the
            one that `json_pattern` gives.
        tokens: the bytes (or the text) of each id; None for ids that are no text.
        end_ids: that end a text.

    Source: Willard and Louf, 2023 (arXiv 2307.09702).
    """

    pattern: dataclasses.InitVar[str]
    tokens: dataclasses.InitVar[Sequence[bytes | str | None]]
    end_ids: dataclasses.InitVar[Sequence[int]]
    kinds: Any = dataclasses.field(init=False)  # (V,): a token's class
    table: Any = dataclasses.field(init=False)  # (S, classes): the state after it
    distance: Any = dataclasses.field(init=False)  # (S,): tokens to the next end

    NUMBERS: ClassVar = {"kinds": "int32", "table": "int32", "distance": "int32"}

    def __post_init__(
        self,
        pattern: str,
        tokens: Sequence[bytes | str | None],
        end_ids: Sequence[int],
    ) -> None:
        ends = ids_of("end_ids", end_ids)
        if ends.max() >= len(tokens):
            raise ConfigError(
                f"end_ids must be among the {len(tokens)} tokens. Received: "
                f"{ends.max()}."
            )
        kinds, table, accepts = _over_tokens(pattern, tokens, ends)
        distance = _distances(table, accepts)
        if distance[0] == NEVER:
            raise ConfigError(
                "A constraint must have a completion: no row of the given tokens is of "
                f"the pattern {pattern!r}. Give the tokens' own bytes, spaces included."
            )
        for name, value in (("kinds", kinds), ("table", table), ("distance", distance)):
            object.__setattr__(self, name, value)

    @property
    def least(self) -> int:
        """As `Rule.least`."""
        return int(self.distance[0])

    def start(self, rows: int) -> Tensor:
        """As `Rule.start`: the automaton's start."""
        return ops.zeros((rows,), "int32")

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        after = ops.take(self.table, text.state, axis=0)
        in_time = ops.take(self.distance, after) < text.left[:, None]
        in_time = ops.take(in_time, self.kinds, axis=1)  # (N, V) of the tokens given
        missing = logits.shape[-1] - in_time.shape[1]
        if missing > 0:  # rows of the table of embeddings that no token has
            in_time = ops.pad(in_time, ((0, 0), (0, missing)))
        return ops.where(in_time[:, : logits.shape[-1]], logits, FORBIDDEN)

    def follow(self, state: Tensor, ids: Tensor) -> Tensor:
        """As `Rule.follow`."""
        kind = ops.take(self.kinds, ops.minimum(ids, self.kinds.shape[0] - 1))
        after = ops.take(self.table, state, axis=0)
        return ops.take_along_axis(after, kind[:, None], axis=1)[:, 0]


def _over_tokens(
    pattern: str, tokens: Sequence[bytes | str | None], ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes of tokens, the table of states and classes, and where texts may end.

    Two states come behind the pattern's: the text is ended, and nothing goes on.
    """
    made = automaton(pattern)
    count = len(made.table)
    ended, nowhere = count, count + 1
    by_byte = np.full((count + 2, 256), nowhere, "int32")
    by_byte[:count] = np.where(made.table < 0, nowhere, made.table)
    accepts = np.concatenate([made.accepts, [True, False]])
    spelled = [
        each.encode() if isinstance(each, str) else each or b"" for each in tokens
    ]
    kinds = np.zeros(len(tokens), "int32")
    known: dict[bytes, int] = {}
    columns: list[np.ndarray] = []

    def kind_of(column: np.ndarray) -> int:
        key = column.tobytes()
        if key not in known:
            known[key] = len(known)
            columns.append(column)
        return known[key]

    for begin in range(0, len(tokens), AT_ONCE):
        part = spelled[begin : begin + AT_ONCE]
        lengths = np.array([len(each) for each in part])
        states = np.tile(np.arange(count + 2, dtype="int32"), (len(part), 1))
        states[lengths == 0] = nowhere  # what is no text never comes
        for at in range(lengths.max(initial=0)):
            rows = np.flatnonzero(lengths > at)
            here = np.array([part[row][at] for row in rows])
            states[rows] = by_byte[states[rows], here[:, None]]
        for row, column in enumerate(states):
            kinds[begin + row] = kind_of(column)
    at_end = np.where(accepts, ended, nowhere).astype("int32")
    kinds[ends] = kind_of(at_end)
    return kinds, np.stack(columns, axis=1).astype("int32"), accepts


def _distances(table: np.ndarray, accepts: np.ndarray) -> np.ndarray:
    """Fewest tokens from each state to one where the text may end."""
    distance = np.where(accepts, 0, NEVER).astype("int64")
    while True:
        nearer = np.minimum(distance, distance[table].min(axis=1) + 1)
        if (nearer == distance).all():
            return np.minimum(distance, NEVER).astype("int32")
        distance = nearer
