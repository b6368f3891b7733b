"""Moments of a stream, in one pass, and merged from many streams."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats.checking import Floats, finite, values_of, weights_of


class RunningMoments:
    """Mean, variance, skewness and kurtosis of points that come in batches.

    Only sums of powers about the mean are kept, never about 0: a large mean costs no
    digits. Two of these merge into what one pass over both streams gives, whatever the
    order, up to rounding; so each worker keeps its own.

    `partial_fit` and `merge` change the object and return it. Then there are `weight_`
    (the sum of weights: the number of points), `mean_`, `variance_` (unbiased), each
    like one point, and the methods `variance`, `skewness`, `kurtosis`.

    Example:
        `RunningMoments().partial_fit([1, 2]).merge(RunningMoments().partial_fit([4]))`
        has `mean_` 7/3 and `variance_` 7/3.
    Source: Welford, 1962; Chan, Golub & LeVeque, 1979; Pebay, 2008 (orders 3 and 4).
    """

    def __init__(self) -> None:
        self.weight_: float = 0.0
        self.squares_: float = 0.0  # the sum of squared weights
        self.count_: int = 0  # points of weight above 0
        self._mean: Any = None  # like one point, once there are any
        self._sums: Any = None  # of powers 2, 3, 4 about the mean, (3, ...)

    def partial_fit(self, x: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Count a batch of points.

        Args:
            x: (N,) or (N, ...), a point a row.
            weights: (N,), how much each counts; as 1 if not given.

        Raises:
            DataError: if points are not finite, or weights negative or all 0.
            ShapeError: if points have another shape than those before.
        """
        points = values_of(x).astype(np.float64)
        if points.ndim == 0:
            raise ShapeError("x must be (N,) or (N, ...). Received: one number.")
        counted = np.ones(len(points))
        if weights is not None:
            counted = weights_of(weights, counted, 0).astype(np.float64)
            points, counted = points[counted > 0], counted[counted > 0]
        points = finite(points)
        batch = RunningMoments()
        batch.weight_ = float(counted.sum())
        batch.squares_ = float((counted**2).sum())
        batch.count_ = len(counted)
        batch._mean = np.tensordot(counted, points, 1) / batch.weight_
        away = points - batch._mean
        batch._sums = np.stack([np.tensordot(counted, away**p, 1) for p in (2, 3, 4)])
        return self.merge(batch)

    def merge(self, other: "RunningMoments") -> Self:
        """Count what another one has counted, which stays as it is.

        Raises:
            ConfigError: if it is something else.
            ShapeError: if the points of the two differ in shape.
        """
        if not isinstance(other, RunningMoments):
            raise ConfigError(f"Only RunningMoments merge. Received: {other!r:.80}.")
        if other.count_ == 0:
            return self
        if self.count_ == 0:
            self._mean, self._sums = other._mean.copy(), other._sums.copy()
        else:
            self._join(other)
        self.weight_ += other.weight_
        self.squares_ += other.squares_
        self.count_ += other.count_
        return self

    def _join(self, other: "RunningMoments") -> None:
        if self._mean.shape != other._mean.shape:
            raise ShapeError(
                "Points of one stream must have one shape. Received: "
                f"{other._mean.shape} after {self._mean.shape}."
            )
        a, b = self.weight_, other.weight_
        n = a + b
        step = other._mean - self._mean
        (a2, a3, a4), (b2, b3, b4) = self._sums, other._sums
        second = a2 + b2 + step**2 * a * b / n
        third = a3 + b3 + step**3 * a * b * (a - b) / n**2
        third += 3 * step * (a * b2 - b * a2) / n
        fourth = a4 + b4 + step**4 * a * b * (a * a - a * b + b * b) / n**3
        fourth += 6 * step**2 * (a * a * b2 + b * b * a2) / n**2
        fourth += 4 * step * (a * b3 - b * a3) / n
        self._sums = np.stack([second, third, fourth])
        self._mean = self._mean + step * (b / n)

    @property
    def mean_(self) -> Floats:
        """Of all points so far; unbiased."""
        self._counted()
        return self._mean

    @property
    def variance_(self) -> Floats:
        """Of all points so far; unbiased, NaN for a single point."""
        return self.variance()

    def variance(self, ddof: int = 1, frequency: bool = False) -> Floats:
        """As `kewen.stats.variance` along the first axis of all points."""
        self._counted()
        by = self.weight_ - ddof * (1 if frequency else self.squares_ / self.weight_)
        enough = by > 0 if frequency else self.count_ > ddof
        return self._sums[0] / by if enough else np.full(self._mean.shape, np.nan)

    def skewness(self) -> Floats:
        """Third central moment over the variance to 3/2, of the sample."""
        second, third, _ = self._central()
        return _share(third, second**1.5)

    def kurtosis(self) -> Floats:
        """Fourth central moment over the squared variance, less 3; of the sample."""
        second, _, fourth = self._central()
        return _share(fourth, second**2) - 3

    def _central(self) -> Floats:
        self._counted()
        return self._sums / self.weight_

    def _counted(self) -> None:
        if self.count_ == 0:
            raise DataError(
                "No point was counted yet. Received: nothing. Call partial_fit first."
            )


def _share(top: Any, bottom: Any) -> Any:
    found = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=found, where=np.asarray(bottom) > 0)
    return found
