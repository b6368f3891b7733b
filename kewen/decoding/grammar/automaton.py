"""A regular expression as a finite automaton over bytes."""

import dataclasses
import itertools

import numpy as np

from kewen.decoding.grammar.regex import Characters, Choice, Node, Row, parse
from kewen.decoding.grammar.utf8 import byte_ranges
from kewen.errors import ConfigError

MOST_STATES = 20_000


@dataclasses.dataclass(frozen=True)
class Automaton:
    """S states, the first of which is the start.

    Attributes:
        table: int32, (S, 256): the state after a byte; -1 where no text goes on so.
        accepts: bool, (S,): whether the text may end here.
    """

    table: np.ndarray
    accepts: np.ndarray

    def matches(self, text: str) -> bool:
        """Whether the whole text is of the pattern."""
        state = 0
        for byte in text.encode():
            state = int(self.table[state, byte])
            if state < 0:
                return False
        return bool(self.accepts[state])


def automaton(pattern: str) -> Automaton:
    """The least automaton of a pattern; see `kewen.decoding.grammar.regex`.

    Raises:
        ConfigError: if the pattern is not known, or needs too many states.
    """
    nfa = _Nfa()
    try:
        end = nfa.add(parse(pattern), 0)
    except RecursionError:
        raise _too_large() from None
    return _least(*_subsets(nfa, end))


class _Nfa:
    """States with free moves and moves by a range of bytes."""

    def __init__(self) -> None:
        self.free: list[list[int]] = [[]]
        self.moves: list[list[tuple[int, int, int]]] = [[]]

    def new(self) -> int:
        self.free.append([])
        self.moves.append([])
        if len(self.free) > 50 * MOST_STATES:
            raise _too_large()
        return len(self.free) - 1

    def add(self, node: Node, begin: int) -> int:
        """Draws the node from a state on; its end."""
        if isinstance(node, Characters):
            end = self.new()
            for low, high in node.ranges:
                for sequence in byte_ranges(low, high):
                    at = begin
                    for number, (first, last) in enumerate(sequence, start=1):
                        to = end if number == len(sequence) else self.new()
                        self.moves[at].append((first, last, to))
                        at = to
            return end
        if isinstance(node, Row):
            for part in node.parts:
                begin = self.add(part, begin)
            return begin
        if isinstance(node, Choice):
            end = self.new()
            for part in node.parts:
                self.free[self.add(part, self._after(begin))].append(end)
            return end
        for _ in range(node.least):
            begin = self.add(node.part, begin)
        if node.most is None:
            loop = self._after(begin)
            self.free[self.add(node.part, loop)].append(loop)
            return self._after(loop)
        end = self._after(begin)
        for _ in range(node.most - node.least):
            begin = self.add(node.part, self._after(begin))
            self.free[begin].append(end)
        return end

    def _after(self, state: int) -> int:
        new = self.new()
        self.free[state].append(new)
        return new

    def closed(self, states: set[int]) -> frozenset[int]:
        """The states that free moves lead to, and these."""
        waiting, seen = list(states), set(states)
        while waiting:
            for to in self.free[waiting.pop()]:
                if to not in seen:
                    seen.add(to)
                    waiting.append(to)
        return frozenset(seen)


def _subsets(nfa: _Nfa, end: int) -> tuple[np.ndarray, np.ndarray]:
    """The table of the deterministic automaton, and where it accepts."""
    start = nfa.closed({0})
    number = {start: 0}
    waiting, rows, accepts = [start], [], []
    for states in waiting:  # grows while it is read
        accepts.append(end in states)
        moves = [move for state in states for move in nfa.moves[state]]
        borders = sorted({b for low, high, _ in moves for b in (low, high + 1)})
        row = np.full(256, -1, "int32")
        for low, after in itertools.pairwise(borders):
            targets = {to for a, b, to in moves if a <= low <= b}
            if targets:
                found = nfa.closed(targets)
                if found not in number:
                    number[found] = len(number)
                    waiting.append(found)
                row[low:after] = number[found]
        rows.append(row)
        if len(rows) > MOST_STATES:
            raise _too_large()
    return np.stack(rows), np.array(accepts)


def _least(table: np.ndarray, accepts: np.ndarray) -> Automaton:
    """States that cannot be told apart become one (Moore's algorithm)."""
    kinds = accepts.astype("int64")
    count = 0
    while True:
        after = np.where(table < 0, -1, kinds[table])
        signs = np.concatenate([kinds[:, None], after], axis=1)
        _, first, kinds = np.unique(
            signs, axis=0, return_index=True, return_inverse=True
        )
        kinds = kinds.reshape(-1)
        if len(first) == count:
            break
        count = len(first)
    # Numbered anew, so that the start is 0.
    order = np.argsort(first)
    place = np.argsort(order)
    rows = first[order]
    smaller = np.where(table[rows] < 0, -1, place[kinds[table[rows]]])
    return Automaton(smaller.astype("int32"), accepts[rows])


def _too_large() -> ConfigError:
    return ConfigError(
        f"The pattern of a constraint may need {MOST_STATES} states. Received: one "
        "that needs more. Let its counts {m,n} be smaller, or nest less deeply."
    )
