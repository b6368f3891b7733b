"""Mean, variance and covariance against NumPy, and against all samples there can be."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import Discrete, bias_of, covariance, k_statistic, mean, std, variance

THREE = Discrete({0: "1/2", 1: "1/3", 5: "1/6"})


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(100, 3, (5, 7))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("ddof", [0, 1, 2])
def test_variance_and_std_are_those_of_numpy(x, axis, ddof):
    assert variance(x, axis, ddof=ddof) == pytest.approx(x.var(axis, ddof=ddof))
    assert std(x, axis, ddof=ddof) == pytest.approx(x.std(axis, ddof=ddof))
    assert mean(x, axis) == pytest.approx(x.mean(axis))


def test_a_large_mean_costs_no_digits(x):
    assert variance(x + 1e8) == pytest.approx(variance(x), rel=1e-6)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_variance_is_unbiased_over_all_samples(n):
    assert bias_of(variance, THREE, n).bias == 0
    biased = bias_of(partial(variance, ddof=0), THREE, n)
    assert biased.expectation == Fraction(n - 1, n) * THREE.variance()


def test_variance_of_one_value_is_nan_and_with_ddof_0_zero():
    assert np.isnan(variance([3.0]))
    assert np.isnan(std([3.0]))
    assert variance([3.0], ddof=0) == 0
    assert np.isnan(variance([[1.0], [2.0]], 1)).all()
    assert np.isnan(covariance([[1.0, 2.0]])).all()


def test_weighted_covariance_is_that_of_numpy(x):
    reliabilities = np.random.default_rng(1).uniform(0.1, 2, 5)
    counts = np.array([1, 0, 3, 2, 1])
    ours = covariance(x, weights=reliabilities)
    assert ours == pytest.approx(np.cov(x.T, aweights=reliabilities))
    ours = covariance(x, weights=counts, frequency=True)
    assert ours == pytest.approx(np.cov(x.T, fweights=counts))
    assert covariance(x) == pytest.approx(np.cov(x.T))


@pytest.mark.parametrize("ddof", [0, 1])
def test_weighted_variance_is_the_diagonal_of_numpys_covariance(x, ddof):
    weights = np.random.default_rng(1).uniform(0.1, 2, 5)
    expected = np.cov(x.T, aweights=weights, ddof=ddof).diagonal()
    assert variance(x, 0, weights=weights, ddof=ddof) == pytest.approx(expected)


def test_frequencies_count_as_repeated_values(x):
    counts = np.array([1, 0, 3, 2, 1])
    repeated = np.repeat(x, counts, axis=0)
    ours = variance(x, 0, weights=counts, frequency=True)
    assert ours == pytest.approx(variance(repeated, 0))
    assert mean(x, 0, weights=counts) == pytest.approx(repeated.mean(0))


def test_the_scale_of_reliabilities_changes_nothing(x):
    weights = np.arange(1.0, 6)
    ours = variance(x, 0, weights=weights * 1e-3)
    assert ours == pytest.approx(variance(x, 0, weights=weights))


@pytest.mark.parametrize("n", [2, 3])
def test_reliability_weighted_variance_is_unbiased_over_all_samples(n):
    weights = np.array([Fraction(1), Fraction(2), Fraction(5)][:n], object)
    found = bias_of(partial(variance, weights=weights), THREE, n)
    assert found.bias == 0
    naive = bias_of(partial(variance, weights=weights, ddof=0), THREE, n)
    assert naive.bias < 0


def test_weight_0_is_a_mask_even_of_nan(x):
    weights = np.ones(x.shape)
    weights[2, 3:] = 0
    hidden = np.where(weights > 0, x, np.nan)
    assert variance(hidden, 1, weights=weights)[2] == pytest.approx(variance(x[2, :3]))
    assert mean(hidden, 1, weights=weights)[2] == pytest.approx(x[2, :3].mean())


def test_a_single_value_of_weight_above_0_has_no_variance():
    # 0.1 * 0.1 / 0.1 is not 0.1 in binary: a divisor by subtraction would be left over.
    assert np.isnan(variance([1.0, 2.0], weights=[0.1, 0.0]))


def test_fractions_stay_fractions():
    found = variance(np.array([Fraction(1, 3), Fraction(1, 2), 2], object))
    assert found == Fraction(91, 108)
    assert isinstance(found, Fraction)


@pytest.mark.parametrize("statistic", [mean, variance, std, k_statistic])
def test_values_that_are_no_finite_numbers_are_refused(statistic):
    for bad in ([1.0, np.nan], [np.inf, 1.0], [], ["a", "b"], [1j, 2]):
        with pytest.raises(DataError):
            statistic(bad)
    with pytest.raises(DataError, match="finite"):
        statistic(np.array([Fraction(1), float("nan")], object))


def test_weights_that_cannot_be_are_refused():
    for bad in ([0, 0, 0], [1, -1, 1], [1, np.nan, 1]):
        for statistic in (mean, variance):
            with pytest.raises(DataError, match="weights"):
                statistic([1.0, 2.0, 3.0], weights=bad)
        with pytest.raises(DataError, match="weights"):
            covariance([1.0, 2.0, 3.0], weights=bad)
    with pytest.raises(ShapeError):
        mean([1.0, 2.0, 3.0], weights=[1, 1])
    with pytest.raises(ShapeError):
        mean(np.ones((2, 2)), weights=[1, 1])
    with pytest.raises(ShapeError):
        covariance(np.ones((3, 2)), weights=np.ones((3, 2)))
    with pytest.raises(DataError, match="whole"):
        variance([1.0, 2.0], weights=[0.5, 1], frequency=True)
    with pytest.raises(ConfigError):
        variance([1.0, 2.0], ddof=-1)
    with pytest.raises(DataError, match="zeros only"):
        mean(np.ones((2, 2)), 1, weights=[[1, 1], [0, 0]])


NO_NUMBERS = {
    "nothing": None,
    "ragged": [[1.0, 2.0], [3.0]],
    "a mapping": {"a": 1.0},
    "a gap": [None, 1.0, 2.0],
    "text": ["1", "2"],
    "complex": [1j, 2.0],
    "dates": np.array(["2020-01-01"], "datetime64[D]"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
@pytest.mark.parametrize("function", [mean, variance, std, covariance, k_statistic])
def test_what_is_no_array_of_numbers_is_refused(function, case):
    with pytest.raises(DataError, match="x must be an array of real numbers"):
        function(NO_NUMBERS[case])


@pytest.mark.parametrize("function", [mean, variance, k_statistic])
@pytest.mark.parametrize("axis", [2, -3, 0.5, "rows"])
def test_an_axis_that_is_not_there_is_refused(function, axis):
    with pytest.raises(ShapeError, match="one of the 2 axes of x"):
        function([[1.0, 2.0], [3.0, 5.0]], axis=axis)


@pytest.mark.parametrize("ddof", [-1, None, "one", np.nan, [1]])
def test_a_ddof_that_is_no_number_is_refused(ddof):
    with pytest.raises(ConfigError, match="ddof must be"):
        variance([1.0, 2.0], ddof=ddof)
