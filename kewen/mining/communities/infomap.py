"""InfoMap: modules of a graph, by the shortest description of a random walk on it."""

from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse

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
from kewen.mining.communities.overlapping import overlapped, overlapping_length
from kewen.mining.communities.search import two_level
from kewen.mining.estimator import Estimator
from kewen.settings import RandomState, at_least, generator


class InfoMap(Estimator):
    """Find the modules whose codebooks make the walk's description shortest.

    Nobody says how many there are. With numba (`pip install ".[mining]"`) a graph of
    100,000 nodes takes seconds; without it the same loops run, slowly.

    Args:
        levels: 2, or "multi" for modules within modules, as deep as it pays.
        num_trials: searches from the start; the shortest code wins.
        teleportation: probability of a jump on a directed graph.
        recorded: whether jumps are described.
        to: where jumps end, "links" or "nodes"; see `flow_of`.
        overlapping: let nodes be in several of two levels' modules; for undirected
            graphs.
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
        memberships_: sparse float64, (n, modules): the share of each node's visits in
            each module. Of hard modules it is 1 or 0; of overlapping ones `labels_` is
            the largest, and -1 for a node without links.
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
        overlapping: bool = False,
        markov_time: float = 1.0,
        directed: bool | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.levels = levels
        self.num_trials = num_trials
        self.teleportation = teleportation
        self.recorded = recorded
        self.to: To = to
        self.overlapping = overlapping
        self.markov_time = markov_time
        self.directed = directed
        self.random_state = random_state

    def fit(self, graph: Any, y: None = None) -> Self:
        """Search the modules of a graph, of any kind that `read_graph` reads."""
        rng = self._check()
        read = read_graph(graph, directed=self.directed)
        flow = flow_of(
            read,
            teleportation=self.teleportation,
            recorded=self.recorded,
            to=self.to,
        )
        self.names_: Sequence[Hashable] = read.names
        self.flow_: Floats = flow.node
        if self.overlapping and not flow.symmetric:
            raise ConfigError(
                "Overlapping modules are for undirected graphs. Received: a directed "
                "one. Pass directed=False to walk its links both ways."
            )
        trials = rng.spawn(int(self.num_trials))
        found = [self._searched(flow, rng) for rng in trials]
        lengths = [self._length(flow, each).total for each in found]
        self.trials_: list[float] = lengths
        self._keep(flow, found[int(np.argmin(lengths))])
        return self

    def fit_predict(self, graph: Any, y: None = None) -> Ints:
        """The same, for `labels_`."""
        return self.fit(graph).labels_

    def members(self) -> list[list[Hashable]]:
        """The names in each module, the most visited there first.

        A node of overlapping modules is in each of its modules.
        """
        columns = sparse.csc_matrix(self.memberships_)
        parts: list[list[Hashable]] = []
        for first, after in pairwise(columns.indptr):
            nodes = columns.indices[first:after]
            rates = self.flow_[nodes] * columns.data[first:after]
            order = np.lexsort((nodes, -rates))
            parts.append([self.names_[node] for node in nodes[order]])
        return parts

    def _searched(self, flow: Flow, rng: np.random.Generator) -> Ints:
        """A trial's paths; of overlapping modules, those of the visits by each link."""
        if self.levels == "multi":
            return tree_paths(flow, rng, self.markov_time)
        labels = two_level(network_of(flow, self.markov_time), rng)
        if self.overlapping:
            return overlapped(flow, labels, rng, self.markov_time)
        return labels[:, None]

    def _length(self, flow: Flow, found: Ints) -> CodeLength:
        if not self.overlapping:
            return length_of_paths(flow, found, self.markov_time)
        code, _, _ = overlapping_length(flow, found, self.markov_time)
        return code

    def _keep(self, flow: Flow, found: Ints) -> None:
        if self.overlapping:
            self.code_, came, exits = overlapping_length(flow, found, self.markov_time)
            order = np.argsort(-np.asarray(came.sum(0)).ravel(), kind="stable")
            came, exits = came[:, order], exits[order]
            known = np.divide(1.0, flow.node, out=flow.node * 0, where=flow.node > 0)
            shares = sparse.csr_matrix(sparse.diags(known) @ came)
            best = np.asarray(shares.argmax(1)).ravel()
            labels = np.where(flow.node > 0, best, -1).astype(np.int32)
            tree = labels[:, None]
        else:
            tree = by_flow(found, flow.node)
            self.code_ = length_of_paths(flow, tree, self.markov_time)
            labels = lowest(tree)
            count = int(labels.max()) + 1
            _, exits = rates_between(flow, labels, count, self.markov_time)
            nodes = np.arange(len(labels))
            shares = sparse.csr_matrix((np.ones(len(labels)), (nodes, labels)))
        self.tree_, self.labels_, self.memberships_ = tree, labels, shares
        self.exit_flow_ = exits
        self.codelength_ = self.code_.total

    def _check(self) -> np.random.Generator:
        check_option(self.levels, "levels", (2, "multi"))
        check_option(self.to, "to", ("links", "nodes"))
        if self.overlapping and self.levels != 2:
            raise ConfigError(
                "Overlapping modules have two levels. "
                f"Received: levels={self.levels!r}."
            )
        check_time(self.markov_time)
        at_least("num_trials", self.num_trials, 1)
        return generator(self.random_state)


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
