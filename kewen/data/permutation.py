"""Shuffles that stay the same for ever.

NumPy promises that a bit generator's raw stream never changes, but not so for what
`Generator.permutation` makes of it. Sorting raw numbers needs the first promise only,
so a split or an epoch is the same on every machine and version.
"""

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError


def permutation(count: int, *seeds: int) -> NDArray[np.int64]:
    """The numbers 0 to count - 1 in an order set by the seeds, (count,) int64."""
    if any(seed < 0 for seed in seeds):
        raise ConfigError(f"A seed must be 0 or more. Received: {min(seeds)}.")
    keys = np.random.PCG64(np.random.SeedSequence(seeds)).random_raw(count)
    return np.argsort(keys, kind="stable").astype(np.int64)
