"""InfoMap: modules of a graph, by the shortest description of a random walk on it."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, Self

import numpy as np

from kewen.errors import ConfigError
from kewen.mining.communities.flow import Flow, To, check_option, flow_of
from kewen.mining.communities.graph import read_graph
from kewen.mining.communities.hierarchy import tree_paths
from kewen.mining.communities.map_equation import (
    CodeLength,
    Floats,
    check_time,
    length_of_paths,
    rates_between,
)
from kewen.mining.communities.network import Ints, network_of
from kewen.mining.communities.search import two_level


class InfoMap:
    """Find the modules whose codebooks make the walk's description shortest.

    Nobody says how many there are. With numba (`pip install ".[mining]"`) a graph of
    100,000 nodes takes seconds; without it the same loops run, slowly.

    Args:
        levels: 2, or "multi" for modules within modules, as deep as it pays.
        num_trials: searches from the start; the shortest code wins.
        teleportation: probability of a jump on a directed graph.
        recorded: whether jumps are described.
        to: where jumps end, "links" or "nodes"; see `flow_of`.
        markov_time: above 1 for larger modules, below for smaller.
        directed: None asks the graph; see `read_graph`.
        random_state: an integer for the same answer each time, a NumPy generator, or
            None.

    Attributes:
        labels_: int32, (n,): each node's lowest module; those of one parent are
            numbered by flow, the most visited first.
        tree_: int32, (n, depth): each node's path of modules from the top down, -1
            after its end. `labels_` if there are two levels.
        codelength_: bits a step.
        code_: its parts, a `CodeLength`.
        trials_: the length that each trial reached.
        flow_: (n,) visits of each node.
        exit_flow_: (modules,) how often each of `labels_` is left.
        names_: the nodes as the graph calls them, in the order of `labels_`.

    Example:
        >>> import networkx
        >>> infomap = InfoMap(random_state=0).fit(networkx.ring_of_cliques(5, 5))
        >>> len(set(infomap.labels_)), round(infomap.codelength_, 4)
        (5, 2.9756)

    Source: Rosvall, Axelsson and Bergstrom, 2009 (arXiv 0906.1405); lesson 7006.
    """

    def __init__(
        self,
        *,
        levels: Literal[2, "multi"] = 2,
        num_trials: int = 10,
        teleportation: float = 0.15,
        recorded: bool = False,
        to: To = "links",
        markov_time: float = 1.0,
        directed: bool | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.levels = levels
        self.num_trials = num_trials
        self.teleportation = teleportation
        self.recorded = recorded
        self.to: To = to
        self.markov_time = markov_time
        self.directed = directed
        self.random_state = random_state

    def fit(self, graph: Any, y: None = None) -> Self:
        """Search the modules of a graph, of any kind that `read_graph` reads."""
        self._check()
        read = read_graph(graph, directed=self.directed)
        flow = flow_of(
            read,
            teleportation=self.teleportation,
            recorded=self.recorded,
            to=self.to,
        )
        self.names_: Sequence[Hashable] = read.names
        self.flow_: Floats = flow.node
        trials = np.random.default_rng(self.random_state).spawn(self.num_trials)
        found = [self._searched(flow, rng) for rng in trials]
        self.trials_: list[float] = [
            length_of_paths(flow, paths, self.markov_time).total for paths in found
        ]
        best = found[int(np.argmin(self.trials_))]
        self._keep(flow, by_flow(best, flow.node))
        return self

    def fit_predict(self, graph: Any, y: None = None) -> Ints:
        """The same, for `labels_`."""
        return self.fit(graph).labels_

    def members(self) -> list[list[Hashable]]:
        """The names of each of `labels_`, the most visited nodes first."""
        order = np.lexsort((-self.flow_, self.labels_))
        ends = np.cumsum(np.bincount(self.labels_))[:-1]
        return [[self.names_[node] for node in part] for part in np.split(order, ends)]

    def _searched(self, flow: Flow, rng: np.random.Generator) -> Ints:
        if self.levels == "multi":
            return tree_paths(flow, rng, self.markov_time)
        return two_level(network_of(flow, self.markov_time), rng)[:, None]

    def _keep(self, flow: Flow, tree: Ints) -> None:
        self.tree_: Ints = tree
        self.code_: CodeLength = length_of_paths(flow, tree, self.markov_time)
        self.codelength_: float = self.code_.total
        self.labels_: Ints = lowest(tree)
        count = int(self.labels_.max()) + 1
        rates = rates_between(flow, self.labels_, count, self.markov_time)
        self.exit_flow_: Floats = rates[1]

    def _check(self) -> None:
        check_option(self.levels, "levels", (2, "multi"))
        check_option(self.to, "to", ("links", "nodes"))
        check_time(self.markov_time)
        if not isinstance(self.num_trials, int) or self.num_trials < 1:
            raise ConfigError(
                "num_trials is the number of searches, at least 1. "
                f"Received: {self.num_trials!r}."
            )


def by_flow(paths: Ints, visits: Floats) -> Ints:
    """The same tree, modules of one parent numbered from the most visited down."""
    result = np.full(paths.shape, -1, np.int32)
    above = np.zeros(len(paths), np.int64)
    for depth in range(paths.shape[1]):
        here = np.flatnonzero(paths[:, depth] >= 0)
        count = int(paths[:, depth].max()) + 1
        flow = np.bincount(paths[here, depth], visits[here], count)
        parent, first = np.zeros((2, count), np.int64)
        parent[paths[here, depth]] = above[here]
        # Of equal flow, as isolated nodes have it, the first node's comes first.
        first[paths[here[::-1], depth]] = here[::-1]
        number = np.empty(count, np.int32)
        number[np.lexsort((first, -flow, parent))] = np.arange(count)
        result[here, depth] = number[paths[here, depth]]
        above[here] = result[here, depth]
    return result


def lowest(paths: Ints) -> Ints:
    """Each node's last module, numbered in the order of the tree."""
    order = np.lexsort(paths.T[::-1])
    ordered = paths[order]
    new = np.ones(len(paths), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    labels = np.empty(len(paths), np.int32)
    labels[order] = np.cumsum(new) - 1
    return labels
