"""What a text counts in training, by its class."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.data import LabelSet
from kewen.errors import ConfigError
from kewen.training.checks import check_from_zero


def class_factors(
    labels: LabelSet,
    counts: NDArray[Any],
    wanted: str | Mapping[str, float] | None,
) -> NDArray[np.float32] | None:
    """What a text of each class counts, (L,) float32; None where all count 1.

    Args:
        labels: L names.
        counts: (L,), how many texts each has.
        wanted: "balanced" (each class counts the same in sum), or a factor by name.

    Raises:
        ConfigError: if it is neither, or no text would count.
    """
    if wanted is None:
        return None
    if wanted == "balanced":
        factors = counts.sum() / (len(labels) * np.maximum(counts, 1))
    elif isinstance(wanted, Mapping) and set(wanted) == set(labels.names):
        check_from_zero(**{f"class_weights[{k!r}]": v for k, v in wanted.items()})
        factors = np.array([wanted[name] for name in labels.names])
    else:
        raise ConfigError(
            'class_weights must be "balanced", or a factor for each of the labels '
            f"{list(labels.names)}. Received: {wanted!r}."
        )
    factors = factors.astype("float32")
    if not factors[counts > 0].any():
        raise ConfigError(
            f"class_weights must let a class count. Received: {wanted!r}."
        )
    return factors
