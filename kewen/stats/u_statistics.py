"""U-statistics: the mean of a function over all subsets of the sample.

Whatever the function is, its mean over the subsets of `order` points is an unbiased
estimate of its expectation over `order` independent draws, and the best one.
"""

from collections.abc import Callable
from itertools import combinations, islice
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import DataError, ShapeError
from kewen.settings import at_least
from kewen.stats.checking import finite, values_of

SUBSETS_AT_ONCE = 1 << 16


def u_statistic(kernel: Callable[..., Any], x: ArrayLike, order: int = 2) -> Any:
    """The mean of a symmetric function over all subsets of `order` points.

    Args:
        kernel: called with `order` arrays of M points each (the rows of x), gives M
            numbers. It must not care for the order of its arguments.
        x: (N,) or (N, ...), float or Fraction; fractions are computed exactly.
        order: how many points the function takes.

    Raises:
        DataError: if there are fewer than `order` points, or NaN among them.
        ShapeError: if the kernel does not give M numbers.
    Example: `lambda a, b: (a - b) ** 2 / 2` gives the unbiased variance.
    Source: Hoeffding, 1948.
    """
    points = finite(values_of(x))
    order = at_least("order", order, 1)
    n = len(points) if points.ndim else 0
    if n < order:
        raise DataError(
            f"A U-statistic of order {order} needs at least {order} points. "
            f"Received: {n}."
        )
    total, subsets = 0, combinations(range(n), order)
    while some := list(islice(subsets, SUBSETS_AT_ONCE)):
        chosen = np.asarray(some)
        found = np.asarray(kernel(*(points[column] for column in chosen.T)))
        if found.shape != (len(some),):
            raise ShapeError(
                f"The kernel of a U-statistic must give one number a subset, "
                f"({len(some)},) here. Received: {found.shape}."
            )
        total = total + found.sum()
    return total / comb(n, order)
