"""Bias by all samples: against closed forms, and against drawing samples."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import stats as scipy_stats

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import (
    DebiasedEMA,
    Discrete,
    bias_of,
    hsic,
    k_statistic,
    mean,
    mmd2,
    std,
    variance,
)

COIN = {0: "1/2", 1: "1/2"}
THREE = Discrete.uniform(0, 1, 5)


@pytest.mark.parametrize(
    ("n", "share"), [(1, 0), (2, Fraction(1, 2)), (3, Fraction(2, 3))]
)
def test_the_biased_variance_is_the_lessons_share_of_the_true_one(n, share):
    for estimator in (np.var, partial(variance, ddof=0)):
        found = bias_of(estimator, THREE, n)
        assert found.expectation == share * THREE.variance()
        assert found.standard_error == 0


def test_the_example_of_the_docstring():
    assert bias_of(np.var, COIN, 2).bias == Fraction(-1, 8)


def test_variance_of_the_estimator_is_that_of_a_mean():
    found = bias_of(mean, THREE, 4)
    assert (found.bias, found.variance) == (0, THREE.variance() / 4)
    assert found.mean_squared_error == found.variance


def test_samples_in_ascending_order_count_as_often_as_they_occur():
    skewed = Discrete({0: 0.7, 2: 0.2, 3: 0.1})
    for order in (2, 3):
        estimator = partial(k_statistic, order=order)
        assert bias_of(estimator, skewed, 5) == bias_of(
            estimator, skewed, 5, symmetric=True
        )


def test_order_matters_unless_it_is_said_not_to():
    first = bias_of(lambda sample: sample[0], THREE, 3, THREE.mean())
    assert first.bias == 0
    lowest = bias_of(
        lambda sample: sample[0], THREE, 3, lambda law: law.mean(), symmetric=True
    )
    assert lowest.bias < 0


def test_decimals_are_taken_as_written():
    law = Discrete({0.1: 0.1, 0.2: 0.2, 0.3: 0.7})
    assert law.mean() == Fraction(26, 100)
    assert Discrete(dict.fromkeys(range(10), 0.1)).mean() == Fraction(9, 2)


def test_cumulants_are_those_of_scipy():
    law = Discrete({k: Fraction(p) for k, p in enumerate(["1/8", "3/8", "3/8", "1/8"])})
    _, _, skewness, kurtosis = map(float, scipy_stats.binom(3, 0.5).stats("mvsk"))
    assert (law.cumulant(1), law.cumulant(2)) == (Fraction(3, 2), Fraction(3, 4))
    assert float(law.cumulant(3)) == pytest.approx(skewness * 0.75**1.5)
    assert float(law.cumulant(4)) == pytest.approx(kurtosis * 0.75**2)
    assert law.central_moment(3) == law.cumulant(3)


def test_the_root_of_the_unbiased_variance_is_biased():
    assert bias_of(std, COIN, 3).bias < -0.04


def test_a_product_of_two_means_of_one_batch_is_biased_and_of_two_is_not():
    one = bias_of(lambda s: s.mean() ** 2, THREE, 4, THREE.mean() ** 2)
    assert one.bias == THREE.variance() / 4
    two = bias_of(lambda s: s[:2].mean() * s[2:].mean(), THREE, 4, THREE.mean() ** 2)
    assert two.bias == 0


def test_a_moving_average_started_at_0_is_biased_and_the_debiased_is_not():
    def started_at_0(sample):
        average = 0
        for value in sample:
            average = Fraction(9, 10) * average + Fraction(1, 10) * value
        return average

    def debiased(sample):
        ema = DebiasedEMA(0.9)
        for value in sample:
            ema.partial_fit(value)
        return float(ema.mean_)

    mean_of_law = THREE.mean()
    plain = bias_of(started_at_0, THREE, 3, mean_of_law)
    assert plain.bias == -(Fraction(9, 10) ** 3) * mean_of_law
    assert bias_of(debiased, THREE, 3, mean_of_law).bias == pytest.approx(0, abs=1e-12)


# Of pairs (x, y): one law where they depend, and its expectations written out.
PAIRS = {(0, 0): "1/2", (1, 1): "1/4", (1, 2): "1/4"}


def population_hsic(law, like):
    """E over pairs, triples and quadruples, from the definition."""
    points = list(zip(law.values, law.probabilities, strict=True))
    first = second = third = 0.0
    for a, p in points:
        for b, q in points:
            first += float(p * q) * like(a[0], b[0]) * like(a[1], b[1])
            for c, r in points:
                third += float(p * q * r) * like(a[0], b[0]) * like(a[1], c[1])
                for d, s in points:
                    chance = float(p * q * r * s)
                    second += chance * like(a[0], b[0]) * like(c[1], d[1])
    return first + second - 2 * third


def gaussian(a, b):
    return np.exp(-((float(a) - float(b)) ** 2) / 2)


@pytest.mark.parametrize("n", [4, 5])
def test_unbiased_hsic_is_unbiased_over_all_samples(n):
    law = Discrete(PAIRS)
    expected = population_hsic(law, gaussian)
    kernel = lambda x, y: np.exp(-((x - y.T) ** 2) / 2)

    def estimate(sample, unbiased):
        x, y = sample.astype(float).T
        return hsic(x, y, kernel_x=kernel, kernel_y=kernel, unbiased=unbiased)

    ours = bias_of(partial(estimate, unbiased=True), law, n, expected)
    assert ours.bias == pytest.approx(0, abs=1e-15)
    biased = bias_of(partial(estimate, unbiased=False), law, n, expected)
    assert abs(biased.bias) > 1e-3


def test_unbiased_mmd_is_unbiased_over_all_samples():
    def estimate(sample):
        return mmd2(*sample.astype(float).reshape(2, 2), kernel="linear")

    assert bias_of(estimate, COIN, 4, 0).bias == 0


def test_other_laws_are_estimated_by_drawing():
    law = scipy_stats.expon()
    found = bias_of(np.var, law, 5, trials=4000, random_state=0)
    assert found.target == 1
    assert found.expectation == pytest.approx(0.8, abs=4 * found.standard_error)
    assert bias_of(np.mean, law, 5, trials=50, random_state=0).target == 1
    assert bias_of(std, law, 5, trials=50, random_state=0).target == 1
    drawn = bias_of(
        np.max, lambda random, n: random.uniform(size=n), 4, 1, random_state=1
    )
    assert drawn.bias == pytest.approx(-1 / 5, abs=4 * drawn.standard_error)


def test_bad_laws_and_targets_are_refused():
    for bad in ({}, {0: 0.5}, {0: 1.5, 1: -0.5}, {0: "half", 1: 0.5}, {"a": 1}):
        with pytest.raises(DataError):
            Discrete(bad)
    with pytest.raises(DataError):
        Discrete.uniform()
    with pytest.raises(DataError):
        bias_of(np.var, 3.0, 2, 1.0)
    with pytest.raises(ConfigError, match="target"):
        bias_of(np.max, COIN, 2)
    with pytest.raises(ConfigError, match="function of a sample"):
        bias_of([1.0], COIN, 2, 1.0)
    with pytest.raises(ConfigError, match="symmetric=True"):
        bias_of(np.var, COIN, 30)
    with pytest.raises(ConfigError):
        bias_of(np.var, COIN, 0)
    assert bias_of(variance, COIN, 30, symmetric=True).bias == 0


@pytest.mark.parametrize("law", [COIN, scipy_stats.norm()])
def test_an_estimator_of_several_numbers_or_none_is_refused(law):
    for estimator in (np.sort, lambda sample: None, lambda sample: "high"):
        with pytest.raises(ShapeError, match="estimator must give one number"):
            bias_of(estimator, law, 3, 1.0, trials=2)


@pytest.mark.parametrize("n", [None, "three", np.nan, np.inf, 2.5])
def test_sizes_that_are_no_numbers_are_refused(n):
    with pytest.raises(ConfigError, match="n must be a whole number"):
        bias_of(np.var, COIN, n)


@pytest.mark.parametrize(
    ("estimator", "target"), [(np.std, None), (lambda x: np.log(1 + x.mean()), 0.4)]
)
def test_what_cannot_compute_with_fractions_gets_floats(estimator, target):
    found = bias_of(estimator, {0: "1/2", 1: "1/2"}, 2, target)
    samples = [np.array(each, float) for each in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert found.expectation == pytest.approx(np.mean([*map(estimator, samples)]))
    with pytest.raises(TypeError, match="nothing"):
        bias_of(_broken, {0: "1/2", 1: "1/2"}, 2, 0)


def _broken(sample):
    raise TypeError("nothing of this works")
