"""Which ids a model has rows for, and a refusal of others while they are on the host.

Inside a graph nobody can look at a value: a row that a table lacks is NaN on JAX, an
error on torch and on TensorFlow's CPU.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kewen.errors import ConfigError

SIDE = "decoder_"  # begins the names of a decoder's inputs


def limits_of(model: Any) -> dict[str, int]:
    """Name of an input, without its side -> how many ids there are.

    Positions have an end only where a table holds them: angles and distances have none.
    """
    segments = 2 if model.application == "unilm" else 1
    limits = {
        "token_ids": model.config.vocabulary_size,
        "segment_ids": max(_count_segments(model.config), segments),
    }
    for layer in model.layers:
        if hasattr(layer, "num_positions"):
            limits["position_ids"] = layer.num_positions
    return limits


def check_ids(arrays: Any, limits: Mapping[str, int]) -> None:
    """Refuse NumPy arrays with an id that no table has; leave aside all else.

    Raises:
        ConfigError: if there is one.
    """
    if not isinstance(arrays, Mapping):
        return
    for name, array in arrays.items():
        limit = limits.get(str(name).removeprefix(SIDE))
        if limit is None or not isinstance(array, np.ndarray) or not array.size:
            continue
        if array.min() < 0 or array.max() >= limit:
            raise ConfigError(
                f"{name} must be from 0 to {limit - 1} for this model. "
                f"Received: {array.min()} to {array.max()}."
            )


def _count_segments(config: Any) -> int:
    own = getattr(config, "segment_vocabulary_size", 1)
    return getattr(config, "num_segments", own)
