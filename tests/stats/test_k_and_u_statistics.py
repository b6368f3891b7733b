"""k-statistics against SciPy, U-statistics against formulas; both by all samples."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import stats as scipy_stats

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import Discrete, bias_of, k_statistic, u_statistic, variance

SKEWED = Discrete({0: "1/2", 1: "1/4", 7: "1/4"})


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_k_statistics_are_those_of_scipy(order):
    x = np.random.default_rng(0).gamma(2, size=(4, 30))
    for row, ours in zip(x, k_statistic(x, order, 1), strict=True):
        assert ours == pytest.approx(scipy_stats.kstat(row, order))
    assert k_statistic(x, order) == pytest.approx(scipy_stats.kstat(x.ravel(), order))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [4, 5])
def test_k_statistics_are_unbiased_over_all_samples(order, n):
    found = bias_of(partial(k_statistic, order=order), SKEWED, n)
    assert found.bias == 0
    assert isinstance(found.expectation, Fraction)


def test_k_statistics_of_too_few_values_are_nan():
    assert np.isnan(k_statistic([1.0], 2))
    assert np.isnan(k_statistic(np.ones((3, 2)), 4, 0)).all()


def test_the_example_of_the_docstring():
    assert k_statistic([1, 2, 4, 9], 3) == pytest.approx(60)


def test_an_unknown_order_is_refused():
    for order in (0, 5, "2"):
        with pytest.raises(ConfigError):
            k_statistic([1.0, 2.0], order)


def halved_square(a, b):
    return (a - b) ** 2 / 2


def test_the_u_statistic_of_half_squared_differences_is_the_variance():
    x = np.random.default_rng(0).normal(size=400)  # more pairs than one block holds
    assert u_statistic(halved_square, x) == pytest.approx(variance(x))
    pairs = [(a - b) ** 2 for i, a in enumerate(x) for b in x[:i]]
    assert sum(pairs) / (400 * 399) == pytest.approx(variance(x))


def test_u_statistics_are_unbiased_over_all_samples():
    def spread_of_three(a, b, c):
        return abs(a - b) + abs(b - c) + abs(c - a)

    expected = sum(
        spread_of_three(a, b, c) * p * q * r
        for a, p in zip(SKEWED.values, SKEWED.probabilities, strict=True)
        for b, q in zip(SKEWED.values, SKEWED.probabilities, strict=True)
        for c, r in zip(SKEWED.values, SKEWED.probabilities, strict=True)
    )
    estimator = partial(u_statistic, spread_of_three, order=3)
    assert bias_of(estimator, SKEWED, 4, expected).bias == 0


def test_points_of_a_u_statistic_may_be_rows():
    points = np.random.default_rng(0).normal(size=(20, 2))
    product = u_statistic(
        lambda a, b: (a[:, 0] - b[:, 0]) * (a[:, 1] - b[:, 1]) / 2, points
    )
    assert product == pytest.approx(np.cov(points.T)[0, 1])


def test_bad_input_of_a_u_statistic_is_refused():
    with pytest.raises(DataError, match="at least 3"):
        u_statistic(lambda a, b, c: a, [1.0, 2.0], order=3)
    with pytest.raises(DataError, match="finite"):
        u_statistic(halved_square, [1.0, np.nan])
    with pytest.raises(DataError):
        u_statistic(halved_square, 1.0)
    with pytest.raises(ShapeError):
        u_statistic(lambda a, b: 1.0, [1.0, 2.0, 3.0])
    with pytest.raises(ConfigError):
        u_statistic(halved_square, [1.0, 2.0], order=0)
