"""Masks are sets of (query, key) pairs: intersect and unite them."""

from functools import reduce
from typing import Any

from keras import ops

Tensor = Any


def all_of(*masks: Tensor | None) -> Tensor | None:
    """What every mask allows. None stands for "everything"; shapes broadcast."""
    given = [mask for mask in masks if mask is not None]
    return reduce(ops.logical_and, given) if given else None


def any_of(*masks: Tensor | None) -> Tensor | None:
    """What at least one mask allows. None stands for "everything", and so wins."""
    if not masks or any(mask is None for mask in masks):
        return None
    return reduce(ops.logical_or, masks)
