"""Search for trees of modules, from the two-level answer up and down.

Above: modules whose codebook would be shorter in modules of modules get parents.
Below: the inside of each module is searched anew, as part of its place in the tree, and
replaces what was there if that is shorter.

Source: Rosvall and Bergstrom, 2011 (arXiv 1010.0431).
"""

import numpy as np

from kewen.mining.communities.flow import Flow
from kewen.mining.communities.map_equation import (
    book_lengths,
    length_of_paths,
    rates_between,
)
from kewen.mining.communities.network import (
    Ints,
    Network,
    aggregated,
    network_of,
    objectives,
    tallied,
    undivided,
    within,
)
from kewen.mining.communities.search import two_level

WORTH = 1e-9  # bits that a codebook must save
ROUND_WORTH = 1e-5  # the share of the length that a round must save to be followed


def tree_paths(flow: Flow, rng: np.random.Generator, markov_time: float = 1.0) -> Ints:
    """Each node's path of modules, (n, depth), padded with -1."""
    network = network_of(flow, markov_time)
    paths = _grown(network, two_level(network, rng), rng)
    length = length_of_paths(flow, paths, markov_time).total
    while True:
        tried = paths
        depth = 0
        while depth < tried.shape[1]:
            tried = _searched_below(flow, network, tried, depth, rng, markov_time)
            depth += 1
        # In a tree modules are smaller than two levels have them: raise it from these.
        leaves = np.unique(tried, axis=0, return_inverse=True)[1].astype(np.int32)
        raised = _grown(network, leaves.ravel(), rng)
        tried = min(
            (tried, raised),
            key=lambda each: length_of_paths(flow, each, markov_time).total,
        )
        new = length_of_paths(flow, tried, markov_time).total
        if new < length:
            paths = tried
        if not new < length - ROUND_WORTH * length:
            return paths
        length = new


def _searched_below(
    flow: Flow,
    network: Network,
    paths: Ints,
    depth: int,
    rng: np.random.Generator,
    markov_time: float,
) -> Ints:
    """The paths with the better inside for each module of a depth."""
    here = paths[:, depth]
    count = int(here.max()) + 1
    _, leaving = rates_between(flow, here, count, markov_time)
    # Nodes that ended above are in a group without links: they stay alone.
    group = np.where(here < 0, count, here).astype(np.int32)
    cut = within(network, group, np.append(leaving, 0.0))
    inside = _grown(cut, two_level(cut, rng), rng)
    inside[here < 0] = -1
    other = numbered(np.concatenate([paths[:, : depth + 1], inside], 1))
    old = _lengths_below(flow, paths, depth, count, markov_time)
    new = _lengths_below(flow, other, depth, count, markov_time)
    better = np.append(new < old - WORTH, False)[group]
    width = max(paths.shape[1], other.shape[1])
    both = [
        np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=-1)
        for each in (paths, other)
    ]
    # Numbers of different trees: made apart, then counted anew.
    both[1][both[1] >= 0] += int(paths.max()) + 1
    both[1][:, : depth + 1] = both[0][:, : depth + 1]
    return numbered(_trimmed(np.where(better[:, None], both[1], both[0])))


def _grown(network: Network, labels: Ints, rng: np.random.Generator) -> Ints:
    """For each group its modules, if they pay, and the levels above; else -1.

    A network of one group has at least one module.
    """
    pays = objectives(network, labels) < undivided(network) - WORTH
    levels = [np.where(pays[network.group], labels, -1)]
    small, to_small = network, np.arange(network.size, dtype=np.int32)
    while pays.any():
        small = _of_codewords(small, labels)
        to_small = labels[to_small]
        labels = two_level(small, rng)
        pays &= objectives(small, labels) < undivided(small) - WORTH
        levels.append(np.where(pays[small.group], labels, -1)[to_small])
    paths = numbered(_trimmed(np.stack(levels[::-1], 1)))
    if len(network.offset) == 1 and paths[0, 0] < 0:
        return np.zeros_like(paths)
    return paths


def _of_codewords(network: Network, labels: Ints) -> Network:
    """The modules as nodes whose words are those for entering them."""
    modules = tallied(network, labels, int(labels.max()) + 1)
    return aggregated(network, labels)._replace(flow=modules.enter)


def _lengths_below(
    flow: Flow, paths: Ints, depth: int, count: int, markov_time: float
) -> np.ndarray:
    """Bits of all codebooks of and below each module of a depth."""
    total = np.zeros(count)
    for deeper, bits in enumerate(book_lengths(flow, paths, markov_time)):
        # A codebook at `deeper` belongs to a module of column deeper - 1.
        if deeper <= depth:
            continue
        column = paths[:, deeper - 1]
        inside = column >= 0
        above = np.zeros(len(bits), np.int32)
        above[column[inside]] = paths[inside, depth]
        total += np.bincount(above, bits, count)
    return total


def _trimmed(paths: Ints) -> Ints:
    """Paths without gaps at their start and without columns that say nothing."""
    width = paths.shape[1]
    known = paths >= 0
    order = np.argsort(~known, 1, kind="stable")
    packed = np.take_along_axis(paths, order, 1)
    depth = max(1, int(known.sum(1).max()) if width else 1)
    return packed[:, :depth].astype(np.int32)


def numbered(paths: Ints) -> Ints:
    """Modules numbered from 0 through each depth, apart under different parents."""
    result = np.full(paths.shape, -1, np.int32)
    above = np.zeros(len(paths), np.int64)
    for depth in range(paths.shape[1]):
        here = np.flatnonzero(paths[:, depth] >= 0)
        if not len(here):
            break
        keys = above[here] * (int(paths[:, depth].max()) + 1) + paths[here, depth]
        _, numbers = np.unique(keys, return_inverse=True)
        result[here, depth] = numbers
        above = np.full(len(paths), -1, np.int64)
        above[here] = numbers
    return result
