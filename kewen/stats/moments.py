"""Mean, variance and covariance, plain or weighted, with the bias taken out.

The variance of a population is E[x^2] - E[x]^2, and the second term is not linear in
the expectation: put sample means into it, and what comes out is too small by the factor
(n - 1) / n on average. `ddof=1` repairs that, for weights too.

Weights are of two kinds. *Reliability* weights say how much a value counts against the
others, and their scale means nothing; the effective number of values is V1^2 / V2, with
V1 the sum of the weights and V2 that of their squares. *Frequency* weights are counts
of equal values. A weight of 0 is a mask in both: what stands there is not looked at.

Arrays of `fractions.Fraction` (dtype object) are computed exactly.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.settings import real
from kewen.stats.checking import (
    Floats,
    Values,
    check_axis,
    finite,
    points_of,
    values_of,
)
from kewen.stats.checking import weights_of as checked_weights


def mean(
    x: ArrayLike, axis: int | None = None, *, weights: ArrayLike | None = None
) -> Any:
    """The weighted mean; unbiased.

    Args:
        x: numbers of any shape, float or Fraction.
        axis: which axis to average over; all if None.
        weights: like x, or 1-D along the axis.

    Raises:
        DataError: if x is empty or not finite where the weight is not 0; if weights are
            negative or all 0.
        ShapeError: if the weights fit neither x nor its axis, or x has no such axis.
    """
    values, counted = _masked(x, axis, weights)
    return (counted * values).sum(axis=axis) / counted.sum(axis=axis)


def variance(
    x: ArrayLike,
    axis: int | None = None,
    *,
    ddof: int = 1,
    weights: ArrayLike | None = None,
    frequency: bool = False,
) -> Any:
    """The weighted variance: unbiased with `ddof=1`, the sample's own with `ddof=0`.

    Args:
        x: numbers of any shape, float or Fraction.
        axis: which axis to go along; all if None.
        ddof: what is taken from the (effective) number of values in the divisor.
        weights: like x, or 1-D along the axis.
        frequency: weights are counts of equal values: the divisor is V1 - ddof. Else
            they are reliabilities: V1 - ddof * V2 / V1.

    Returns:
        NaN where no more than `ddof` values count: one value says nothing of a spread.

    Raises:
        ConfigError: if ddof is negative.
        DataError, ShapeError: as `mean`; if frequencies are no whole numbers.
    Example: `[1, 2, 4]` has 7/3; with `ddof=0`, 14/9.
    Source: lesson 6747.
    """
    values, counted = _masked(x, axis, weights)
    total = counted.sum(axis=axis, keepdims=True)
    center = (counted * values).sum(axis=axis, keepdims=True) / total
    spread = (counted * (values - center) ** 2).sum(axis=axis)
    return _over(spread, divisor(counted, axis, ddof, frequency))


def std(
    x: ArrayLike,
    axis: int | None = None,
    *,
    ddof: int = 1,
    weights: ArrayLike | None = None,
    frequency: bool = False,
) -> Any:
    """The root of `variance`, in float64.

    A root is not linear either: with `ddof=1` it is still too small on average, by
    about 1 / (4 n) of itself for normal values, and no factor cures that for all laws.
    """
    squared = variance(
        x, axis, ddof=ddof, weights=weights, frequency=frequency
    )  # fractions have no root
    root = np.sqrt(np.asarray(squared, np.float64))
    return root if root.ndim else float(root)


def covariance(
    x: ArrayLike,
    *,
    ddof: int = 1,
    weights: ArrayLike | None = None,
    frequency: bool = False,
) -> Floats:
    """The covariance matrix, (C, C), of points that are rows.

    Args:
        x: float, (N, C) or (N,).
        ddof: as in `variance`.
        weights: (N,), one a point.
        frequency: as in `variance`.

    Returns:
        float64, (C, C); NaN if no more than `ddof` points count.

    Raises:
        DataError, ShapeError: as `variance`.
    """
    points = points_of(x)
    given = np.ones(len(points)) if weights is None else np.asarray(weights)
    if given.shape != (len(points),):
        raise ShapeError(
            "weights must be (N,), one a point. "
            f"Received: weights {given.shape}, x {points.shape}."
        )
    counted = checked_weights(given, points[:, 0], 0)
    centered = points - counted @ points / counted.sum()
    spread = (counted[:, None] * centered).T @ centered
    by = divisor(counted, 0, ddof, frequency)
    return _over(spread, np.full(spread.shape, by))


def divisor(counted: Values, axis: int | None, ddof: int, frequency: bool) -> Any:
    """What a sum of weighted squares is divided by; 0 where too few values count."""
    if not real("ddof", ddof, "a number >= 0") >= 0:
        raise ConfigError(f"ddof must be >= 0. Received: {ddof}.")
    total, squares = counted.sum(axis=axis), (counted**2).sum(axis=axis)
    if frequency:
        if (counted % 1 != 0).any():
            raise DataError(
                "Frequency weights are counts, so whole numbers. Received: others. "
                "Leave frequency=False for weights that say how much a value counts."
            )
        return np.maximum(total - ddof, 0)
    # By the number of values, not by the difference, which rounding can leave above 0.
    enough = (counted > 0).sum(axis=axis) > ddof
    return np.where(enough, total - ddof * squares / total, 0)


def _masked(
    x: ArrayLike, axis: int | None, weights: ArrayLike | None
) -> tuple[Values, Values]:
    """Values and their weights, in one shape; what has weight 0 is 0."""
    values = values_of(x)
    check_axis(axis, values)
    if weights is None:
        one = Fraction(1) if values.dtype == object else 1.0
        return finite(values), np.full(values.shape, one)
    counted = checked_weights(weights, values, axis)
    return finite(np.where(counted > 0, values, 0)), counted


def _over(total: Any, by: Any) -> Any:
    """A quotient; NaN where the divisor is 0. A plain number if it is one."""
    by = np.asarray(by)
    if by.ndim:
        kind = np.result_type(np.asarray(total), by)
        found = np.full(by.shape, np.nan, kind)
        np.divide(total, by, out=found, where=by > 0)
        return found
    return total / by.item() if by > 0 else float("nan")
