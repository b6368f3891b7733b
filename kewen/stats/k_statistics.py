"""Unbiased estimates of cumulants: Fisher's k-statistics.

The cumulants of a law are its mean, its variance, its third central moment, and its
fourth less three times the variance squared, which is 0 for a normal law. A symmetric
polynomial of the sample that is right on average is unique, and k-statistics are it.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import ConfigError
from kewen.stats.checking import check_axis, finite, values_of


def k_statistic(x: ArrayLike, order: int = 2, axis: int | None = None) -> Any:
    """The unbiased estimate of a cumulant, of order 1 to 4.

    Args:
        x: numbers of any shape, float or Fraction; fractions are computed exactly.
        order: of the cumulant; 2 is the variance.
        axis: which axis to go along; all if None.

    Returns:
        NaN if there are fewer values than the order.

    Raises:
        ConfigError: if the order is none of 1 to 4.
        DataError: if x is empty or not finite.
        ShapeError: if x has no such axis.
    Example: `[1, 2, 4, 9]` of order 3 give 60.
    Source: Fisher, 1930; Kenney & Keeping, Mathematics of Statistics, 1951.
    """
    if order not in (1, 2, 3, 4):
        raise ConfigError(
            f"The order of a k-statistic must be 1, 2, 3 or 4. Received: {order!r}."
        )
    values = finite(values_of(x))
    check_axis(axis, values)
    n = values.size if axis is None else values.shape[axis]
    center = values.sum(axis=axis, keepdims=True) / n
    if order == 1:
        return values.sum(axis=axis) / n
    if n < order:
        lacking = np.full(np.shape(values.sum(axis=axis)), np.nan)
        return lacking if lacking.ndim else float("nan")
    away = values - center
    second = (away**2).sum(axis=axis)
    if order == 2:
        return second / (n - 1)
    if order == 3:
        return n * (away**3).sum(axis=axis) / ((n - 1) * (n - 2))
    fourth = (away**4).sum(axis=axis)
    top = n * (n + 1) * fourth - 3 * (n - 1) * second**2
    return top / ((n - 1) * (n - 2) * (n - 3))
