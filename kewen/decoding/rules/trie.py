"""Texts from a list, and no others."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from kewen.decoding.rules.checks import ids_of
from kewen.decoding.rules.occurrences import occurrences
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text
from kewen.errors import ConfigError

Tensor = Any
NEVER = 1 << 30  # tokens to an end that cannot be reached


@dataclasses.dataclass(frozen=True)
class Trie(Rule):
    """What is generated is one of some sequences.

    Where a sequence is whole, the end id may come; it must, unless a longer one goes on
    with it. A sequence for which too few tokens are left is not begun.

    Memory: three numbers for each node of the trie; a step looks at as many columns as
    the node with most children has.

    Args:
        sequences: lists of ids, without the end id.
        end_ids: of which one follows.
    """

    sequences: dataclasses.InitVar[Iterable[Sequence[int]]]
    end_ids: dataclasses.InitVar[Sequence[int]]
    first: Any = dataclasses.field(init=False)  # (S + 1,): node -> its first edge
    ids: Any = dataclasses.field(init=False)  # (E,): an edge's token
    to: Any = dataclasses.field(init=False)  # (E,): where it leads
    distance: Any = dataclasses.field(init=False)  # (S,): tokens to the next end
    most: int = dataclasses.field(init=False)  # edges of a node

    NUMBERS: ClassVar = {
        "first": "int32",
        "ids": "int32",
        "to": "int32",
        "distance": "int32",
    }

    def __post_init__(
        self, sequences: Iterable[Sequence[int]], end_ids: Sequence[int]
    ) -> None:
        ends = ids_of("end_ids", end_ids).tolist()
        nodes: list[dict[int, int]] = [{}]
        whole = set()
        for sequence in sequences:
            node = 0
            for token in ids_of("sequences", sequence).tolist():
                if token not in nodes[node]:
                    nodes[node][token] = len(nodes)
                    nodes.append({})
                node = nodes[node][token]
            whole.add(node)
        if not whole:
            raise ConfigError("A trie needs at least one sequence. Received: none.")
        distance = np.full(len(nodes) + 2, NEVER, "int32")
        for node in range(len(nodes) - 1, -1, -1):  # children are behind their parents
            below = [int(distance[child]) + 1 for child in nodes[node].values()]
            distance[node] = 0 if node in whole else min(below)
        end, nothing = len(nodes), {}
        for node in whole:
            nodes[node] |= dict.fromkeys(ends, end)
        nodes += [dict.fromkeys(ends, end), nothing]
        distance[end] = 0
        counts = [len(edges) for edges in nodes]
        edges = [pair for each in nodes for pair in each.items()]
        made = {
            "first": np.cumsum([0, *counts]).astype("int32"),
            "ids": np.array([token for token, _ in edges], "int32"),
            "to": np.array([child for _, child in edges], "int32"),
            "distance": distance,
            "most": max(counts),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @property
    def least(self) -> int:
        """As `Rule.least`."""
        return int(self.distance[0])

    def start(self, rows: int) -> Tensor:
        """As `Rule.start`: the root."""
        return ops.zeros((rows,), "int32")

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        ids, to, exists = self._edges(text.state)
        in_time = ops.take(self.distance, to) < text.left[:, None]
        allowed = ops.logical_and(exists, in_time)
        return ops.where(
            occurrences(ids, allowed, logits.shape[-1]) > 0, logits, FORBIDDEN
        )

    def follow(self, state: Tensor, ids: Tensor) -> Tensor:
        """As `Rule.follow`."""
        known, to, exists = self._edges(state)
        taken = ops.logical_and(exists, known == ids[:, None])
        found = ops.max(ops.where(taken, to, -1), axis=-1)
        return ops.where(found < 0, self.distance.shape[0] - 1, found)

    def _edges(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, targets and whether there is an edge, (N, most) each."""
        begin, end = ops.take(self.first, state), ops.take(self.first, state + 1)
        places = begin[:, None] + ops.arange(self.most, dtype="int32")
        exists = places < end[:, None]
        places = ops.minimum(places, self.ids.shape[0] - 1)
        return ops.take(self.ids, places), ops.take(self.to, places), exists
