"""Two-level search: core moves, modules as nodes, refinement; in all groups at once.

Single nodes move until none gains; then the modules found are nodes of a smaller
network and move in turn, until nothing does. Refinement moves single nodes again, and
the parts into which each module falls if it is a network of its own.

Source: Rosvall, Axelsson and Bergstrom, 2009; Blondel et al., 2008; lesson 7006.
"""

import numpy as np
from numpy.typing import NDArray

from kewen.mining.communities.network import (
    Ints,
    Modules,
    Network,
    aggregated,
    compact,
    objectives,
    tallied,
    undivided,
    within,
)

SMALLEST_GAIN = 1e-10  # bits
MOST_SWEEPS = 20
MOST_ROUNDS = 20  # of refinement
WORTH = 1e-5  # the share of the objective that a round must gain to be followed by more


def two_level(network: Network, rng: np.random.Generator) -> Ints:
    """Modules of each group's nodes, as labels 0 to k - 1."""
    best = climbed(network, None, rng)
    length = float(objectives(network, best).sum())
    in_vain = 0
    for turn in range(MOST_ROUNDS):
        tried = (
            _by_parts(network, best, rng)
            if turn % 2 == 0
            else climbed(network, best, rng)
        )
        new = float(objectives(network, tried).sum())
        in_vain = 0 if new < length - WORTH * abs(length) else in_vain + 1
        if new < length:
            best, length = tried, new
        if in_vain == 2:
            break
    return _joined(network, best)


def _joined(network: Network, labels: Ints) -> Ints:
    """All of a group in one module where that is shorter; moves may not lead there."""
    worse = objectives(network, labels) > undivided(network) + SMALLEST_GAIN
    if not worse.any():
        return labels
    count = int(labels.max()) + 1
    return compact(
        np.where(worse[network.group], count + network.group, labels).astype(np.int32)
    )


def _by_parts(network: Network, labels: Ints, rng: np.random.Generator) -> Ints:
    """Parts of modules move; then the search climbs on from there."""
    parts = climbed(within(network, labels), None, rng)
    module = np.zeros(int(parts.max()) + 1, np.int32)
    module[parts] = labels
    return climbed(aggregated(network, parts), module, rng)[parts]


def climbed(network: Network, labels: Ints | None, rng: np.random.Generator) -> Ints:
    """Moves of nodes, from their labels on, then of modules, of modules of these, ...

    Args:
        network: n nodes.
        labels: where to start, 0 to k - 1; None for each node alone.
        rng: shuffles the nodes.
    """
    here = network
    start = np.arange(network.size, dtype=np.int32) if labels is None else labels
    found, moved = _moved(here, start, rng)
    while True:
        count = int(found.max()) + 1
        if count == here.size:
            return found
        here = aggregated(network, found)
        above, moved = _moved(here, np.arange(count, dtype=np.int32), rng)
        if not moved:
            return found
        found = above[found]


def _moved(
    network: Network, labels: Ints, rng: np.random.Generator
) -> tuple[Ints, int]:
    """Sweeps until nothing moves: labels 0 to k - 1, and the number of moves."""
    awake = np.ones(network.size, np.int8)
    total = 0
    labels = labels.astype(np.int32)
    for _ in range(MOST_SWEEPS):
        _, moved = swept(network, labels, awake, rng)
        total += moved
        if not moved:
            break
    return compact(labels), total


def swept(
    network: Network, labels: Ints, awake: NDArray[np.int8], rng: np.random.Generator
) -> tuple[Modules, int]:
    """One sweep, over nodes in a random order.

    Args:
        network: n nodes.
        labels: (n,), changed in place.
        awake: (n,) 1 where a node is to be tried; changed in place.
        rng: shuffles.

    Returns:
        The modules that the labels say now, and how many nodes moved.
    """
    from kewen.mining.communities.moves import sweep

    size = network.size
    modules = tallied(network, labels, size)
    used = np.flatnonzero(modules.size).astype(np.int32)
    empty = np.flatnonzero(modules.size == 0).astype(np.int32)
    spare = np.zeros(size + 1, np.int32)
    spare[: len(empty)] = empty
    spare[size] = len(empty)
    home = np.zeros(size, np.int32)
    home[labels] = network.group
    moved = sweep(
        network,
        modules,
        rng.permutation(size).astype(np.int32),
        awake,
        rng.permutation(used if network.all_jumps > 0 else used[:0]),
        home,
        spare,
        np.zeros(size, np.int32),
        np.zeros(size + 1, np.int32),
        np.zeros(size + 1),
        np.zeros(size + 1),
    )
    return modules, moved
