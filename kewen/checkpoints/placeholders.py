"""Names with places for numbers: `{i}` is the layer, `{ii}` in two digits, etc."""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from kewen.checkpoints.rows import Names


def filled(pattern: str, fillings: Mapping[str, object]) -> str:
    """Put values in place of {i}, {base} and the like; other braces stay."""
    for key, value in fillings.items():
        pattern = pattern.replace(f"{{{key}}}", str(value))
    return pattern


def layer_numbers(paths: Names, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Every combination of layer numbers that a row's own paths ask for."""
    keys = [key for key in counts if any(f"{{{key}}}" in path for path in paths)]
    ranges = [range(counts[key]) for key in keys]
    made = [dict(zip(keys, each, strict=True)) for each in itertools.product(*ranges)]
    return [
        {k * width: f"{n:0{width}}" for k, n in each.items() for width in (1, 2, 3)}
        for each in made
    ]


def as_pattern(name: str, base: str) -> str:
    """A regular expression for a name with any layer number and any base."""
    pieces = re.split(r"(\{\w+\})", name)
    return "".join(
        base
        if piece == "{base}"
        else r"\d+"
        if piece.startswith("{")
        else re.escape(piece)
        for piece in pieces
    )
