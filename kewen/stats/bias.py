"""The bias of an estimator, exactly: by all samples that there can be.

A law of k values has k^n samples of size n, each with a known chance. The expectation
of an estimator is a finite sum over them; with fractions it is exact. For other laws it
is estimated by drawing samples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations_with_replacement, product
from math import comb, factorial, prod
from typing import Any

import numpy as np

from kewen.errors import ConfigError, DataError
from kewen.settings import RandomState, at_least, generator
from kewen.stats.checking import one_number
from kewen.stats.k_statistics import k_statistic
from kewen.stats.moments import mean, std, variance

MOST_SAMPLES = 2_000_000
Estimator = Callable[[Any], Any]


class Discrete:
    """A law of finitely many values, in exact fractions.

    Args:
        probabilities: of each value: `{0: "1/2", 1: 0.25, 5: Fraction(1, 4)}`. Whole
            numbers and decimals are taken as written. A value may be a tuple, a point.

    Raises:
        DataError: if there is no value, or a probability is negative, or they do not
            sum to 1.
    """

    def __init__(self, probabilities: Mapping[Any, Any]) -> None:
        if not isinstance(probabilities, Mapping) or not probabilities:
            raise DataError(
                "A discrete law is a mapping from values to probabilities, such as "
                f"{{0: 0.5, 1: 0.5}}. Received: {probabilities!r}."
            )
        self.values = tuple(_point(value) for value in probabilities)
        self.probabilities = tuple(_exact(p) for p in probabilities.values())
        total = sum(self.probabilities)
        if min(self.probabilities) < 0 or total != 1:
            raise DataError(
                "Probabilities must be >= 0 and sum to 1. Received: a sum of "
                f"{total} and {min(self.probabilities)} as the smallest."
            )

    @classmethod
    def uniform(cls, *values: Any) -> "Discrete":
        """Each of different values with the same probability."""
        return cls(dict.fromkeys(values, Fraction(1, max(len(values), 1))))

    def expectation(self, function: Callable[[Any], Any]) -> Any:
        """E of a function of one value."""
        chances = zip(self.values, self.probabilities, strict=True)
        return sum(p * function(value) for value, p in chances)

    def mean(self) -> Any:
        """E[x]."""
        return self.expectation(lambda value: value)

    def central_moment(self, order: int) -> Any:
        """E[(x - E[x])^order]."""
        center = self.mean()
        return self.expectation(lambda value: (value - center) ** order)

    def variance(self) -> Any:
        """E[(x - E[x])^2]."""
        return self.central_moment(2)

    def cumulant(self, order: int) -> Any:
        """Of any order: by the recursion from raw moments."""
        raw = [self.expectation(lambda v, r=r: v**r) for r in range(order + 1)]
        found = [Fraction(0)]
        for n in range(1, order + 1):
            lower = sum(comb(n - 1, k - 1) * found[k] * raw[n - k] for k in range(1, n))
            found.append(raw[n] - lower)
        return found[order]


@dataclass(frozen=True)
class Bias:
    """What an estimator gives on average, against what it should."""

    expectation: Any
    target: Any
    variance: Any  # of the estimator
    standard_error: float  # of the expectation: 0 if all samples were counted

    @property
    def bias(self) -> Any:
        """Expectation less target."""
        return self.expectation - self.target

    @property
    def mean_squared_error(self) -> Any:
        """Variance plus squared bias."""
        return self.variance + self.bias**2


def bias_of(
    estimator: Estimator,
    distribution: Any,
    n: int,
    target: Any = None,
    *,
    symmetric: bool = False,
    trials: int = 10_000,
    random_state: RandomState = None,
) -> Bias:
    """Expectation, bias and variance of an estimator of samples of size n.

    Args:
        estimator: a function of a sample, (n,), or (n, C) if values are points; it
            gives one number. A sample of a `Discrete` is an object array of fractions,
            or of float64 if the estimator cannot compute with these, as np.std cannot.
        distribution: a `Discrete` or a mapping for one: all samples are counted. Or a
            frozen law of `scipy.stats`, or a function of a generator and n that draws a
            sample: then `trials` samples are drawn.
        n: the size of a sample.
        target: what should come out: a number, or a function of the distribution. May
            be left out for `mean`, `variance`, `std` and `k_statistic` (also in a
            `functools.partial`), and NumPy's mean, var and std.
        symmetric: the estimator does not care for the order of the sample: then only
            samples in ascending order are counted, each as often as it occurs.
        trials: how many samples are drawn, if not all can be counted.
        random_state: of those: None, a seed or a generator.

    Raises:
        ConfigError: if there are more than 2,000,000 samples to count, or the target
            must be given.
        DataError: if the distribution is no such thing.
        ShapeError: if the estimator does not give one number.
    Example: `bias_of(np.var, {0: "1/2", 1: "1/2"}, 2).bias` is Fraction(-1, 8).
    """
    n, trials = at_least("n", n, 1), at_least("trials", trials, 2)
    if not callable(estimator):
        raise ConfigError(
            f"An estimator is a function of a sample. Received: {estimator!r:.80}."
        )
    if isinstance(distribution, Mapping):
        distribution = Discrete(distribution)
    aim = _target(estimator, distribution, target)
    if isinstance(distribution, Discrete):
        return _enumerated(estimator, distribution, n, aim, symmetric)
    random = generator(random_state)
    draw = _drawing(distribution)
    found = np.asarray(
        [
            float(one_number(estimator(draw(random, n)), "estimator"))
            for _ in range(trials)
        ]
    )
    spread = float(found.var(ddof=1))
    return Bias(float(found.mean()), aim, spread, (spread / trials) ** 0.5)


def _enumerated(
    estimator: Estimator, law: Discrete, n: int, target: Any, symmetric: bool
) -> Bias:
    k = len(law.values)
    number = comb(n + k - 1, n) if symmetric else k**n
    if number > MOST_SAMPLES:
        hint = "" if symmetric else " Say symmetric=True if order does not matter, or"
        raise ConfigError(
            f"All samples can be counted up to {MOST_SAMPLES:,}. Received: {k} values "
            f"and n = {n}, which make {number:,}.{hint} draw samples instead: give a "
            "function of a generator and n."
        )
    every = combinations_with_replacement if symmetric else partial(_ordered, product)
    first: Any = 0
    second: Any = 0
    values = np.empty((k, *np.shape(law.values[0])), object)
    values[:] = law.values
    try:
        estimator(values[[0] * n])
    except TypeError:  # NumPy's roots and logarithms know no fractions
        values = values.astype(np.float64)
    for chosen in every(range(k), n):
        chance = prod((law.probabilities[i] for i in chosen), start=Fraction(1))
        if symmetric:
            chance *= factorial(n)
            for i in set(chosen):
                chance /= factorial(chosen.count(i))
        found = one_number(estimator(values[list(chosen)]), "estimator")
        first += chance * found
        second += chance * found**2
    return Bias(first, target, second - first**2, 0.0)


def _ordered(of: Any, values: Any, n: int) -> Any:
    return of(values, repeat=n)


def _target(estimator: Estimator, distribution: Any, target: Any) -> Any:
    if callable(target):
        return target(distribution)
    if target is not None:
        return target if isinstance(target, float) else _exact(target)
    options: dict[str, Any] = {}
    while isinstance(estimator, partial):
        options = {**estimator.keywords, **options}
        estimator = estimator.func
    moments = isinstance(distribution, Discrete)
    if moments and estimator is k_statistic:
        return distribution.cumulant(options.get("order", 2))
    if hasattr(distribution, "mean"):
        if estimator in (mean, np.mean):
            return distribution.mean()
        spread = distribution.variance if moments else distribution.var
        if estimator in (variance, np.var) or estimator is k_statistic:
            return spread()
        if estimator in (std, np.std):
            return float(spread()) ** 0.5
    raise ConfigError(
        "The target must be given for this estimator: a number, or a function of the "
        f"distribution. Received: {estimator!r} without one."
    )


def _drawing(distribution: Any) -> Callable[[np.random.Generator, int], Any]:
    if hasattr(distribution, "rvs"):
        return lambda random, n: distribution.rvs(size=n, random_state=random)
    if callable(distribution):
        return distribution
    raise DataError(
        "A distribution must be a mapping from values to probabilities, a frozen law "
        "of scipy.stats, or a function of a generator and n. "
        f"Received: {distribution!r}."
    )


def _point(value: Any) -> Any:
    return tuple(map(_exact, value)) if isinstance(value, tuple) else _exact(value)


def _exact(value: Any) -> Fraction:
    """A fraction; decimals as they are written, not as the binary number near them."""
    try:
        return Fraction(repr(float(value)) if isinstance(value, float) else value)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Values and probabilities must be numbers. Received: {value!r}."
        ) from error
