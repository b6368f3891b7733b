"""How fast each pair of features turns, and what lets a model read beyond its length.

`scaling` is config.json's `rope_scaling` (or `rope_parameters`): a table with
`rope_type` and the numbers of that type.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError

# Type -> the numbers that it needs.
_NEEDS = {
    "default": (),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "yarn": ("factor", "original_max_position_embeddings"),
    "llama3": (
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    ),
}


def rotary_frequencies(
    dim: int, base: float = 10000.0, scaling: Mapping[str, Any] | None = None
) -> tuple[NDArray[np.float64], float]:
    """Radians a position for each pair, and a factor for cosine and sine.

    Args:
        dim: features that turn, even.
        base: the slowest pair turns about 1 / base radians a position.
        scaling: how the frequencies of training are stretched; None for "default".
            "dynamic" (NTK) depends on the longest position; see `dynamic_base`.

    Returns:
        float64, (dim / 2,), and 1.0 for all types but "yarn".

    Raises:
        ConfigError: if `dim` is odd, or `scaling` is of another type or lacks a number.

    Source: Su et al., 2021 (arXiv 2104.09864), section 3.2.2, lesson 8265; "linear":
    Chen et al., 2023 (arXiv 2306.15595); "yarn": Peng et al., 2023 (arXiv 2309.00071),
    section 3.2, whose s is `factor` and L `original_max_position_embeddings`; "llama3":
    Llama 3.1's own code.
    """
    if dim < 2 or dim % 2:
        raise ConfigError(
            "Rotary positions turn pairs, so that the features that turn must be an "
            f"even number of at least 2. Received: {dim}. Correct the head size or the "
            "partial rotary factor."
        )
    kind, numbers = check_rotary_scaling(scaling)
    frequencies = base ** (-np.arange(0, dim, 2) / dim)
    if kind == "linear":
        return frequencies / numbers["factor"], 1.0
    if kind == "llama3":
        return _llama3(frequencies, **numbers), 1.0
    if kind == "yarn":
        return _yarn(frequencies, dim, base, scaling or {})
    return frequencies, 1.0


def check_rotary_scaling(
    scaling: Mapping[str, Any] | None,
) -> tuple[str, dict[str, float]]:
    """The type of a scaling, and the numbers that it needs.

    Raises:
        ConfigError: if the type is unknown, or a number is missing or not positive.
    """
    if scaling is None:
        return "default", {}
    if not isinstance(scaling, Mapping):
        raise ConfigError(
            "rotary_scaling (rope_scaling) must be a table with rope_type and its "
            f"numbers, or null. Received: {scaling!r}."
        )
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind not in _NEEDS:
        raise ConfigError(
            f"rope_type must be one of {list(_NEEDS)}, which kewen computes. "
            f"Received: {kind!r}."
        )
    numbers = {name: scaling.get(name) for name in _NEEDS[kind]}
    wrong = {
        name: value
        for name, value in numbers.items()
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0
    }
    if wrong:
        raise ConfigError(
            f"A rotary scaling of type {kind} needs positive numbers for "
            f"{list(_NEEDS[kind])}. Received: {wrong}."
        )
    return kind, {name: float(scaling[name]) for name in numbers}


def dynamic_base(base: float, dim: int, factor: float, stretch: Any) -> Any:
    """The base of "dynamic" scaling for a text of `stretch` times the trained length.

    So that the slowest pair turns as far over the whole text as it did in training,
    and the fastest as fast as ever.

    Args:
        base: of training.
        dim: features that turn.
        factor: of the scaling.
        stretch: length / trained length, at least 1; a number or a tensor.
    """
    return base * (factor * stretch - (factor - 1)) ** (dim / (dim - 2))


def _llama3(
    frequencies: NDArray[np.float64],
    factor: float,
    low_freq_factor: float,
    high_freq_factor: float,
    original_max_position_embeddings: float,
) -> NDArray[np.float64]:
    """Slow pairs turn `factor` times slower, fast ones as ever, between them a ramp."""
    turns = original_max_position_embeddings * frequencies / (2 * math.pi)
    kept = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor)
    kept = np.clip(kept, 0, 1)
    return frequencies * (kept + (1 - kept) / factor)


def _yarn(
    frequencies: NDArray[np.float64], dim: int, base: float, scaling: Mapping[str, Any]
) -> tuple[NDArray[np.float64], float]:
    """As "llama3", with a ramp over pairs, and sharper attention."""
    factor = float(scaling["factor"])
    trained = float(scaling["original_max_position_embeddings"])

    def pair_that_turns(times: float) -> float:
        return dim * math.log(trained / (times * 2 * math.pi)) / (2 * math.log(base))

    first = pair_that_turns(scaling.get("beta_fast") or 32)
    last = pair_that_turns(scaling.get("beta_slow") or 1)
    if scaling.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, dim - 1)
    ramp = (np.arange(dim // 2) - first) / (last - first or 0.001)
    slowed = np.clip(ramp, 0, 1)
    frequencies = frequencies * ((1 - slowed) + slowed / factor)
    return frequencies, _yarn_sharpness(factor, scaling)


def _yarn_sharpness(factor: float, scaling: Mapping[str, Any]) -> float:
    def growth(weight: float) -> float:
        return 0.1 * weight * math.log(factor) + 1 if factor > 1 else 1.0

    given = scaling.get("attention_factor")
    if given is not None:
        return float(given)
    own, of_all = scaling.get("mscale"), scaling.get("mscale_all_dim")
    return growth(own) / growth(of_all) if own and of_all else growth(1.0)
