"""Graphs with planted modules, at any size: power-law sizes and degrees, as in LFR.

Each node's links are first halves of links: a share 1 - mu of them is joined at random
within its module, the others at random in the whole graph. Loops and repeated links are
dropped, so that the mean degree is a little below what is asked for.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def planted(
    num_nodes: int,
    *,
    mean_degree: float = 15.0,
    most_degree: int = 300,
    mixing: float = 0.3,
    smallest: int = 20,
    largest: int = 1000,
    degree_power: float = 2.5,
    size_power: float = 1.5,
    seed: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Edges (E, 2), each once, and each node's module (n,)."""
    rng = np.random.default_rng(seed)
    modules = _sizes(num_nodes, smallest, largest, size_power, rng)
    degrees = _degrees(num_nodes, mean_degree, most_degree, degree_power, rng)
    # The many links of a hub need a module that has room for them.
    inside = _rounded(degrees * (1 - mixing), rng)
    sizes = np.bincount(modules)[modules]
    inside = np.minimum(inside, sizes - 1)
    pairs = [
        _joined(inside, modules, rng),
        _joined(_rounded(degrees * mixing, rng), np.zeros(num_nodes, np.int64), rng),
    ]
    ends = np.sort(np.concatenate(pairs), 1)
    ends = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
    return ends.astype(np.int32), modules.astype(np.int32)


def _power_law(
    count: int, low: float, high: float, power: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws of density x^-power between two bounds."""
    a, b = low ** (1 - power), high ** (1 - power)
    return (a + (b - a) * rng.random(count)) ** (1 / (1 - power))


def _sizes(
    num_nodes: int, low: int, high: int, power: float, rng: np.random.Generator
) -> Ints:
    sizes = _power_law(num_nodes // low + 1, low, high, power, rng).astype(np.int64)
    count = int(np.searchsorted(np.cumsum(sizes), num_nodes)) + 1
    modules = np.repeat(np.arange(count), sizes[:count])[:num_nodes]
    return rng.permutation(modules)


def _degrees(
    num_nodes: int, mean: float, most: int, power: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Drawn from one smallest degree on, which is sought so that the mean fits."""
    shares = rng.random(num_nodes)

    def drawn(low: float) -> NDArray[np.float64]:
        a, b = low ** (1 - power), most ** (1 - power)
        return (a + (b - a) * shares) ** (1 / (1 - power))

    low, high = 1.0, mean
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if drawn(middle).mean() < mean else (low, middle)
    return drawn(low)


def _rounded(values: NDArray[np.float64], rng: np.random.Generator) -> Ints:
    """To a neighbouring whole number, right on average."""
    return np.floor(values + rng.random(len(values))).astype(np.int64)


def _joined(degrees: Ints, groups: Ints, rng: np.random.Generator) -> Ints:
    """Half links joined in pairs at random within each group: (E, 2)."""
    halves = np.repeat(np.arange(len(degrees)), degrees)
    order = np.lexsort((rng.random(len(halves)), groups[halves]))
    halves = halves[order]
    # Of an odd group one half is left over.
    group = groups[halves]
    counts = np.bincount(group)
    rank = np.arange(len(halves)) - (np.cumsum(counts) - counts)[group]
    kept = halves[rank < counts[group] // 2 * 2]
    return kept.reshape(-1, 2)
