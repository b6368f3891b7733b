"""Entropy, Huffman's code, and the code that the map equation measures, written out.

The search never writes a code: it only needs lengths. Here the codebooks are real, so
that a walk can be encoded, decoded and counted.
"""

import heapq
import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from kewen.errors import DataError
from kewen.mining.communities.flow import Floats, To, flow_of
from kewen.mining.communities.graph import read_graph
from kewen.mining.communities.map_equation import (
    column_of,
    paths_of,
    rates_between,
)

LEAVE = "leave"
Book = tuple[int, ...]  # the modules from the top down to the codebook's own
Word = tuple[str, int]  # what a codeword stands for: "node" or "module" with its number


def entropy(p: Any, base: float = 2.0) -> float:
    """The mean information of one draw; weights are divided by their sum.

    Args:
        p: (n,) not negative, not all 0.
        base: of the logarithm; 2 for bits.
    """
    shares = _shares(p)
    shares = shares[shares > 0]
    return max(0.0, float(-(shares * np.log(shares)).sum() / math.log(base)))


def huffman_code(p: Any) -> list[str]:
    """A prefix-free code of shortest mean length, as strings of 0 and 1.

    The mean length is at least the entropy and less than one bit more. A single symbol
    needs no bits: its word is empty. Symbols of weight 0 have words too.

    Args:
        p: (n,) weights, not negative, not all 0.

    Source: Huffman, 1952.
    """
    shares = _shares(p)
    # Ties are broken by age, so that the code is the same everywhere.
    heap = [(float(share), number, [number]) for number, share in enumerate(shares)]
    heapq.heapify(heap)
    words = [""] * len(shares)
    age = len(shares)
    while len(heap) > 1:
        zero, one = heapq.heappop(heap), heapq.heappop(heap)
        for bit, (_, _, members) in (("0", zero), ("1", one)):
            for member in members:
                words[member] = bit + words[member]
        heapq.heappush(heap, (zero[0] + one[0], age, zero[2] + one[2]))
        age += 1
    return words


class HierarchicalCode:
    """A walk as bits: codebooks for a tree of modules, made by Huffman.

    Args:
        graph: what `read_graph` reads.
        partition: modules or paths, as `map_equation` takes them.
        directed: see `map_equation`, as the next three.
        teleportation: probability of a jump.
        recorded: whether jumps are described.
        to: where jumps end.
    """

    def __init__(
        self,
        graph: Any,
        partition: Any,
        *,
        directed: bool | None = None,
        teleportation: float = 0.15,
        recorded: bool = False,
        to: To = "links",
    ) -> None:
        read = read_graph(graph, directed=directed)
        flow = flow_of(read, teleportation=teleportation, recorded=recorded, to=to)
        paths = paths_of(partition, read)
        self._names = list(read.names)
        self._places = {name: place for place, name in enumerate(self._names)}
        self._paths = [tuple(p[p >= 0].tolist()) for p in paths]
        self._rates: dict[Book, dict[Word, float]] = {(): {}}
        for depth in range(paths.shape[1]):
            here = column_of(paths, depth)
            count = int(here.max()) + 1
            enter, leave = rates_between(flow, here, count)
            for path in {
                path[: depth + 1] for path in self._paths if len(path) > depth
            }:
                self._rates[path] = {(LEAVE, 0): float(leave[path[-1]])}
                self._rates[path[:-1]]["module", path[-1]] = float(enter[path[-1]])
        for node, path in enumerate(self._paths):
            self._rates[path]["node", node] = float(flow.node[node])
        self._words = {path: _book(rates) for path, rates in self._rates.items()}
        self._meanings = {
            path: {word: meaning for meaning, word in book.items()}
            for path, book in self._words.items()
        }

    @property
    def mean_length(self) -> float:
        """Bits a step of these very codebooks; the map equation is its lower bound."""
        return sum(
            rate * len(self._words[path][meaning])
            for path, rates in self._rates.items()
            for meaning, rate in rates.items()
        )

    def encode(self, walk: Sequence[Hashable]) -> str:
        """The bits of a walk, given as names of nodes; numbers where they have none."""
        return "".join(self._words[book][word] for book, word in self._spoken(walk))

    def ideal_bits(self, walk: Sequence[Hashable]) -> float:
        """The length if words could have fractions of bits: -log2 of their shares."""
        total = {path: sum(rates.values()) for path, rates in self._rates.items()}
        return -sum(
            math.log2(self._rates[book][word] / total[book])
            for book, word in self._spoken(walk)
        )

    def decode(self, bits: str) -> list[Hashable]:
        """The walk that was encoded."""
        walk: list[Hashable] = []
        book: Book = ()
        word = ""
        at = 0
        while at < len(bits) or word or "" in self._meanings[book]:
            if word not in self._meanings[book]:
                if at == len(bits):
                    raise DataError(
                        "A code ends with a whole word. Received: bits that end with "
                        f"{word!r}, which begins a word but is none."
                    )
                word, at = word + bits[at], at + 1
                continue
            if at == len(bits) and not word and not walk:
                break
            kind, number = self._meanings[book][word]
            word = ""
            if kind == "node":
                walk.append(self._names[number])
            else:
                book = (*book, number) if kind == "module" else book[:-1]
        return walk

    def _spoken(self, walk: Sequence[Hashable]) -> Iterator[tuple[Book, Word]]:
        """Codebook and meaning of each word, in order."""
        book: Book = ()
        for name in walk:
            node = self._places.get(name)
            if node is None:
                some = ", ".join(map(repr, self._names[:5]))
                raise DataError(
                    f"A walk is of the graph's {len(self._names)} nodes, such as "
                    f"{some}. Received: {name!r}."
                )
            path = self._paths[node]
            while path[: len(book)] != book:
                yield book, (LEAVE, 0)
                book = book[:-1]
            while book != path:
                yield book, ("module", path[len(book)])
                book = path[: len(book) + 1]
            yield book, ("node", node)


def _book(rates: dict[Word, float]) -> dict[Word, str]:
    weights = list(rates.values())
    # Where no step leads, any words will do.
    words = huffman_code(weights if any(weights) else [1.0] * len(weights))
    names_nodes = any(kind == "node" for kind, _ in rates)
    if words == [""] and names_nodes:
        words = ["0"]  # or a walk's length could not be told
    return dict(zip(rates, words, strict=True))


def _shares(p: Any) -> Floats:
    weights = np.asarray(p, np.float64)
    if (
        weights.ndim != 1
        or not np.isfinite(weights).all()
        or (weights < 0).any()
        or not weights.sum() > 0
    ):
        raise DataError(
            "Weights of symbols are a row (n,) of numbers, finite, not negative, not "
            f"all 0. Received: shape {weights.shape}, {weights.ravel()[:5].tolist()}."
        )
    return weights / weights.sum()
