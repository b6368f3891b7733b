"""Places for the nodes of a small graph: linked ones near, all others apart."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Places = NDArray[np.float64]

STEPS = 300
GRAVITY = 0.08  # keeps parts that nothing links from drifting apart
STRANGER = 0.25  # the share of its pull that a link between modules keeps


def force_layout(
    weights: sparse.csr_matrix,
    modules: NDArray[np.integer],
    *,
    steps: int = STEPS,
    seed: int = 0,
) -> Places:
    """Springs along links, repulsion between all nodes, fewer and fewer moves.

    Memory and time of a step grow with the square of the number of nodes: this is for
    pictures, of some hundred nodes.

    Args:
        weights: (n, n), not negative.
        modules: (n,) from 0: they start on a circle, each together, and links within
            them pull more.
        steps: of moving all nodes.
        seed: of the first places.

    Returns:
        float64, (n, 2), within the unit square.

    Source: Fruchterman and Reingold, 1991.
    """
    size = weights.shape[0]
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * modules / (int(modules.max()) + 1)
    places = np.stack([np.cos(angle), np.sin(angle)], 1)
    places += rng.normal(scale=0.1, size=places.shape)
    both = (weights + weights.T).toarray()
    pull = np.sqrt(both / both.max()) if both.max() > 0 else both
    pull = np.where(modules[:, None] == modules, pull, pull * STRANGER)
    np.fill_diagonal(pull, 0.0)
    ideal = np.sqrt(4.0 / size)
    for step in range(steps):
        apart = places[:, None] - places
        distance = np.maximum(np.sqrt((apart**2).sum(-1)), 1e-9)
        force = (ideal / distance) ** 2 - pull * distance / ideal
        np.fill_diagonal(force, 0.0)
        move = (force[..., None] * apart).sum(1) - GRAVITY * places / ideal
        length = np.maximum(np.sqrt((move**2).sum(1, keepdims=True)), 1e-12)
        # Far moves at first, then only short ones.
        most = 0.2 * (1 - step / steps)
        places = places + move / length * np.minimum(length, most)
    low, high = places.min(0), places.max(0)
    spread = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (places - low) / spread, 0.5)
