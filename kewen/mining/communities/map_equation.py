"""The map equation: bits a step that a walk costs if modules have codebooks.

A module's codebook has a word for each of its nodes and one for leaving it; the index
codebook has one for entering each module. In a tree of modules each inner module has an
index codebook of its own, with a word for going up. All rates are of one walk, so that
lengths add up to bits a step.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.mining.communities.flow import Floats, Flow, To, flow_of
from kewen.mining.communities.graph import Graph, read_graph

Labels = NDArray[np.int32]


def plogp(x: Any) -> Floats:
    """X log2 x, and 0 where x is 0."""
    x = np.asarray(x, np.float64)
    return x * np.log2(np.where(x > 0, x, 1.0))


@dataclass(frozen=True)
class CodeLength:
    """Bits a step of the walk."""

    index: float  # in the codebooks that only name modules
    module: float  # in those that name nodes
    one_level: float  # if all nodes had one codebook: the entropy of the visits

    @property
    def total(self) -> float:
        """What the map equation minimises."""
        return self.index + self.module

    @property
    def savings(self) -> float:
        """The share of the one-level code that the modules save."""
        return 1 - self.total / self.one_level if self.one_level else 0.0


def map_equation(
    graph: Any,
    partition: Any,
    *,
    directed: bool | None = None,
    teleportation: float = 0.15,
    recorded: bool = False,
    to: To = "links",
    markov_time: float = 1.0,
) -> CodeLength:
    """The length of a given partition's code, exactly.

    Args:
        graph: what `read_graph` reads, n nodes.
        partition: a module for each node, (n,), or for two and more levels a path for
            each node: tuples of module numbers from the top down, of any lengths, or
            integers (n, depth), where -1 ends a path. A mapping from the graph's own
            names of nodes to either will do.
        directed: see `read_graph`.
        teleportation: see `flow_of`, as the next two.
        recorded: whether jumps are described.
        to: where jumps end.
        markov_time: factor of the rates of links between modules, as if a description
            came after so many steps; above 1 larger modules are shorter to describe.

    Raises:
        ShapeError: if the partition is not of the graph's nodes.

    Source: Rosvall, Axelsson and Bergstrom, 2009; of trees: Rosvall and Bergstrom,
    2011 (arXiv 1010.0431); lesson 7006.
    """
    read = read_graph(graph, directed=directed)
    flow = flow_of(read, teleportation=teleportation, recorded=recorded, to=to)
    check_time(markov_time)
    return length_of_paths(flow, paths_of(partition, read), markov_time)


def check_time(markov_time: float) -> None:
    """Refuse a time that is none."""
    if not isinstance(markov_time, Real) or not 0 < markov_time < np.inf:
        raise ConfigError(
            f"markov_time must be positive and finite. Received: {markov_time!r:.80}."
        )


def paths_of(partition: Any, graph: Graph) -> Labels:
    """A partition of any form as paths, (n, depth), padded with -1."""
    size = graph.num_nodes
    if isinstance(partition, Mapping):
        missing = [name for name in graph.names if name not in partition]
        if missing:
            raise DataError(
                "A partition must name a module for each node. Received: none for "
                f"{len(missing)} of {size} nodes, such as {missing[:3]}."
            )
        partition = [partition[name] for name in graph.names]
    if not isinstance(partition, list | tuple):  # also a column of a table
        partition = np.asarray(partition)
    if isinstance(partition, np.ndarray) and partition.ndim not in (1, 2):
        raise ShapeError(
            "A partition is (n,) or (n, depth), a mapping, or a list of modules or of "
            f"paths. Received: {partition.ndim} axes."
        )
    if len(partition) != size:
        raise ShapeError(
            f"A partition has one module, or path of modules, for each of the {size} "
            f"nodes. Received: {len(partition)}."
        )
    if isinstance(partition, np.ndarray) and partition.ndim == 2:
        ended = np.cumsum(partition == -1, 1) > 0
        return _numbered([partition[:, d] for d in range(partition.shape[1])], ended)
    if all(isinstance(each, list | tuple | np.ndarray) for each in partition):
        depth = max(map(len, partition))
        columns = [
            [path[d] if d < len(path) else None for path in partition]
            for d in range(depth)
        ]
        ended = [[d >= len(path) for d in range(depth)] for path in partition]
        return _numbered(columns, np.array(ended).reshape(size, depth))
    return _numbered([partition], np.zeros((size, 1), bool))


def _numbered(columns: Sequence[Any], ended: NDArray[np.bool_]) -> Labels:
    """Labels of any kind as numbers, each under its parent's, -1 after an end."""
    paths = np.full(ended.shape, -1, np.int32)
    for depth, labels in enumerate(columns):
        here = np.flatnonzero(~ended[:, depth])
        numbers: dict[Any, int] = {}
        for node in here.tolist():
            above = paths[node, depth - 1] if depth else 0
            label = labels[node]
            try:
                number = numbers.setdefault((above, label), len(numbers))
            except TypeError as error:
                raise DataError(
                    "A module is a number, a string, or whatever a dict takes as a "
                    f"key. Received: {error}, for node {node}."
                ) from error
            if label != label:
                raise DataError(
                    f"A module cannot be NaN. Received: it for node {node}."
                )
            paths[node, depth] = number
    return paths


def length_of_paths(flow: Flow, paths: Labels, markov_time: float = 1.0) -> CodeLength:
    """The code length of a tree of modules.

    Args:
        flow: the walk's rates.
        paths: (n, depth) from `paths_of`: at each depth modules are numbered from 0
            through all of that depth.
        markov_time: factor of the rates of links between modules.
    """
    index = module = 0.0
    above = np.zeros(len(paths), np.int32)
    for depth, bits in enumerate(book_lengths(flow, paths, markov_time)):
        here = column_of(paths, depth)
        names_nodes = np.zeros(len(bits), bool)
        names_nodes[above[(here < 0) & (above >= 0)]] = True
        module += float(bits[names_nodes].sum())
        index += float(bits[~names_nodes].sum())
        above = here
    one_level = abs(float(plogp(flow.node).sum()))  # not -0.0
    return CodeLength(index, module, one_level)


def book_lengths(
    flow: Flow, paths: Labels, markov_time: float = 1.0
) -> Iterator[Floats]:
    """Bits a step in each codebook: of the root, of the modules of depth 0, 1, ..."""
    # Of the modules one level up (the root at first): rate of the word for leaving.
    leaving = np.zeros(1)
    above = np.zeros(len(paths), np.int32)
    for depth in range(paths.shape[1] + 1):
        here = column_of(paths, depth)
        inside, alone = here >= 0, (here < 0) & (above >= 0)
        count = int(here.max()) + 1
        enter, exits = rates_between(flow, here, count, markov_time)
        parent = np.zeros(count, np.int32)
        parent[here[inside]] = above[inside]
        owner = np.concatenate([parent, above[alone]])
        rates = np.concatenate([enter, flow.node[alone]])
        books = len(leaving)
        used = np.bincount(owner, rates, books) + leaving
        words = np.bincount(owner, plogp(rates), books) + plogp(leaving)
        yield plogp(used) - words
        leaving, above = exits, here


def column_of(paths: Labels, depth: int) -> Labels:
    """A depth's modules; below the last one there are none."""
    if depth < paths.shape[1]:
        return paths[:, depth]
    return np.full(len(paths), -1, np.int32)


def rates_between(
    flow: Flow, labels: NDArray[Any], count: int, markov_time: float = 1.0
) -> tuple[Floats, Floats]:
    """How often each of `count` modules is entered and left, a step.

    A label of -1 is a node outside of all modules.
    """
    links = flow.links
    source = np.repeat(labels, np.diff(links.indptr))
    target = labels[links.indices]
    crossing = source != target
    rates = links.data[crossing] * markov_time
    source, target = source[crossing], target[crossing]
    exits = np.bincount(source[source >= 0], rates[source >= 0], count)
    enter = np.bincount(target[target >= 0], rates[target >= 0], count)
    inside = labels >= 0
    if flow.jumps_from.any():
        started = np.bincount(labels[inside], flow.jumps_from[inside], count)
        share = np.bincount(labels[inside], flow.jumps_to[inside], count)
        exits = exits + started * (1 - share)
        enter = enter + (flow.jumps_from.sum() - started) * share
    return enter, exits
