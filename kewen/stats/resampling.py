"""Bias, standard error and confidence intervals from the sample itself.

The jackknife leaves out one point at a time; the bootstrap draws the sample again, with
replacement. Both take any function of a sample, and the rows of a sample stay whole, so
pairs stay pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from kewen.errors import ConfigError, DataError
from kewen.settings import RandomState, at_least, generator, real
from kewen.stats.checking import Floats, Values, finite, one_number, values_of

Statistic = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Jackknife:
    """What leaving out one point at a time says of an estimate."""

    estimate: Any  # of the whole sample
    bias: Any  # (n - 1) * (mean of the replicates - estimate)
    standard_error: float
    replicates: Values = field(repr=False)  # (N,): without point i

    @property
    def corrected(self) -> Any:
        """The estimate less its bias: exact if the bias is c / n."""
        return self.estimate - self.bias


def jackknife(statistic: Statistic, x: ArrayLike) -> Jackknife:
    """Bias and standard error of a statistic, by leaving out one point at a time.

    The correction takes out a bias of the form c / n, so it turns the variance with 1 /
    n into that with 1 / (n - 1), exactly. Of medians and maxima it says nothing useful.

    Args:
        statistic: a function of a sample of any length, giving one number.
        x: (N,) or (N, ...), N >= 2. Fractions are computed exactly.

    Raises:
        DataError: if there are fewer than two points, or NaN among them.
        ShapeError: if the statistic does not give one number.
    Source: Quenouille, 1956; Tukey, 1958.
    """
    points = _sample(x)
    n = len(points)
    whole = one_number(statistic(points))
    replicates = np.asarray(
        [one_number(statistic(np.delete(points, i, axis=0))) for i in range(n)]
    )
    center = replicates.sum() / n
    spread = float(((replicates - center) ** 2).sum() * (n - 1) / n)
    return Jackknife(whole, (n - 1) * (center - whole), spread**0.5, replicates)


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What drawing the sample again says of an estimate."""

    estimate: float  # of the whole sample
    low: float  # the confidence interval
    high: float
    bias: float  # mean of the replicates - estimate
    standard_error: float
    replicates: Floats = field(repr=False)  # (num_resamples,)


def bootstrap(
    statistic: Statistic,
    x: ArrayLike,
    *,
    confidence: float = 0.95,
    method: Literal["percentile", "bca"] = "bca",
    num_resamples: int = 9_999,
    random_state: RandomState = None,
) -> Bootstrap:
    """A confidence interval of a statistic, by drawing the sample again and again.

    Args:
        statistic: a function of a sample, giving one number.
        x: (N,) or (N, ...), N >= 2; rows are drawn whole.
        confidence: how often the interval should hold the true value.
        method: "percentile" takes the quantiles of the replicates. "bca" moves them for
            bias and for a spread that changes with the value (bias-corrected and
            accelerated): its coverage is off by O(1 / n), not by O(1 / sqrt n).
        num_resamples: how many samples are drawn.
        random_state: None, a seed or a generator.

    Returns:
        an interval of length 0 if the statistic is the same for every resample.

    Raises:
        ConfigError: if an option is out of range.
        DataError: if there are fewer than two points, or NaN in the sample or answers.
        ShapeError: if the statistic does not give one number.
    Source: Efron, 1987.
    """
    if not 0 < real("confidence", confidence, "a number in (0, 1)") < 1:
        raise ConfigError(f"confidence must be in (0, 1). Received: {confidence}.")
    if method not in ("percentile", "bca"):
        raise ConfigError(
            f"The method must be 'percentile' or 'bca'. Received: {method!r}."
        )
    num_resamples = at_least("num_resamples", num_resamples, 2)
    points = _sample(x).astype(np.float64)
    n, random = len(points), generator(random_state)
    estimate = float(one_number(statistic(points)))
    replicates = np.empty(num_resamples)
    for index in range(num_resamples):
        drawn = points[random.integers(0, n, n)]
        replicates[index] = float(one_number(statistic(drawn)))
    if not (np.isfinite(estimate) and np.isfinite(replicates).all()):
        raise DataError(
            "The statistic must be finite for every resample. Received: NaN or "
            f"infinity, {(~np.isfinite(replicates)).sum()} times of {num_resamples}. "
            "A resample may hold one point many times over, and then has no spread."
        )
    tails = np.asarray([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca" and np.ptp(replicates) > 0:
        tails = _moved(tails, replicates, estimate, jackknife(statistic, points))
    low, high = np.quantile(replicates, tails)
    return Bootstrap(
        estimate=estimate,
        low=float(low),
        high=float(high),
        bias=float(replicates.mean() - estimate),
        standard_error=float(replicates.std(ddof=1)),
        replicates=replicates,
    )


def _moved(tails: Floats, replicates: Floats, estimate: float, left: Jackknife) -> Any:
    """The quantiles that BCa takes in place of the given ones."""
    number = len(replicates)
    below = ((replicates < estimate).sum() + (replicates <= estimate).sum()) / 2
    # An estimate beyond all replicates would else move the quantiles to infinity.
    share = np.clip(below, 0.5, number - 0.5) / number
    shift = ndtri(share)
    away = left.replicates.mean() - left.replicates
    scale = (away**2).sum() ** 1.5
    acceleration = (away**3).sum() / (6 * scale) if scale > 0 else 0.0
    normal = shift + ndtri(tails)
    return ndtr(shift + normal / (1 - acceleration * normal))


def _sample(x: ArrayLike) -> Values:
    points = finite(values_of(x))
    if points.ndim == 0 or len(points) < 2:
        raise DataError(
            "Resampling needs at least two points, along the first axis. "
            f"Received: shape {points.shape}."
        )
    return points
