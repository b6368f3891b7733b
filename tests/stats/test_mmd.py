"""MMD and its test: formulas, closed forms, level and power."""

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import Gaussian, mmd2, mmd_test

KERNEL = Gaussian(1.0)


@pytest.fixture
def samples():
    random = np.random.default_rng(0)
    return random.normal(size=(9, 2)), random.normal(1, 2, size=(6, 2))


@pytest.mark.parametrize("block_size", [1, 4, 512])
def test_both_estimates_are_their_formulas(samples, block_size):
    x, y = samples
    xx, yy, xy = KERNEL(x, x), KERNEL(y, y), KERNEL(x, y)
    options = {"kernel": KERNEL, "block_size": block_size}
    biased = xx.mean() + yy.mean() - 2 * xy.mean()
    ours = mmd2(x, y, unbiased=False, **options)
    assert ours == pytest.approx(biased, abs=1e-15)
    unbiased = (xx.sum() - 9) / 72 + (yy.sum() - 6) / 30 - 2 * xy.mean()
    assert mmd2(x, y, **options) == pytest.approx(unbiased, abs=1e-15)


def test_linear_kernels_give_the_distance_of_means(samples):
    x, y = samples
    away = ((x.mean(0) - y.mean(0)) ** 2).sum()
    assert mmd2(x, y, kernel="linear", unbiased=False) == pytest.approx(away)


def test_the_population_value_is_that_of_gaussian_integrals():
    # x from N(0, 1), y from N(1, 4): differences are normal, so each term is closed.
    def expectation(mean, variance):
        return (1 + variance) ** -0.5 * np.exp(-(mean**2) / (2 * (1 + variance)))

    exact = expectation(0, 2) + expectation(0, 8) - 2 * expectation(1, 5)
    random = np.random.default_rng(0)
    found = [
        mmd2(random.normal(size=80), random.normal(1, 2, size=60), kernel=KERNEL)
        for _ in range(300)
    ]
    error = np.std(found) / 300**0.5
    assert np.mean(found) == pytest.approx(exact, abs=3 * error)


def test_expectations_for_equal_laws_are_the_stated_ones():
    random = np.random.default_rng(1)
    draws = [random.normal(size=(2, 10)) for _ in range(3000)]
    e = 3**-0.5  # E k, at bandwidth 1
    biased = [mmd2(x, y, kernel=KERNEL, unbiased=False) for x, y in draws]
    error = 3 * np.std(biased) / 3000**0.5
    assert np.mean(biased) == pytest.approx((1 - e) * 2 / 10, abs=error)
    honest = [mmd2(x, y, kernel=KERNEL) for x, y in draws]
    assert np.mean(honest) == pytest.approx(0, abs=3 * np.std(honest) / 3000**0.5)
    assert min(honest) < 0 < min(biased)


def test_the_test_sees_equal_means_with_different_spread():
    random = np.random.default_rng(0)
    x, y = random.normal(size=100), random.normal(0, 2, 120)
    found = mmd_test(x, y, random_state=0)
    assert found.pvalue == pytest.approx(0.001)
    assert found.statistic == pytest.approx(mmd2(x, y))
    assert mmd_test(x, y, kernel="linear", random_state=0).pvalue > 0.05


def test_the_level_is_what_it_says():
    random = np.random.default_rng(0)
    pvalues = [
        mmd_test(
            random.exponential(size=12),
            random.exponential(size=20),
            num_permutations=99,
            random_state=random,
        ).pvalue
        for _ in range(600)
    ]
    # Three standard errors of a share of 0.05 in 600 trials.
    assert np.mean(np.array(pvalues) <= 0.05) == pytest.approx(0.05, abs=0.027)


def test_permutations_are_splits_of_the_pooled_points(samples):
    x, y = samples
    pooled, observed = np.concatenate([x, y]), mmd2(x, y, kernel=KERNEL)
    random, reached = np.random.default_rng(2), 0
    for _ in range(2000):
        order = random.permutation(15)
        value = mmd2(pooled[order[:9]], pooled[order[9:]], kernel=KERNEL)
        reached += value >= observed - 1e-12
    found = mmd_test(x, y, kernel=KERNEL, num_permutations=2000, random_state=3)
    assert found.pvalue == pytest.approx(reached / 2000, abs=0.04)


def test_the_same_seed_gives_the_same_pvalue(samples):
    one, two = (mmd_test(*samples, random_state=5) for _ in "ab")
    assert one == two


@pytest.mark.parametrize("function", [mmd2, mmd_test])
def test_bad_input_is_refused(function):
    x = np.arange(6.0)
    with pytest.raises(ShapeError, match="width"):
        function(x, np.ones((6, 2)))
    with pytest.raises(DataError, match="at least 2"):
        function(x, [1.0])
    with pytest.raises(DataError, match="finite"):
        function(x, [1.0, np.nan])
    with pytest.raises(DataError):
        function(np.ones(4), np.ones(5))
    with pytest.raises(ConfigError):
        function(x, x, block_size=0)
    with pytest.raises(ConfigError):
        function(x, x, kernel="sigmoid")


def test_single_points_have_a_biased_distance():
    assert mmd2([0.0], [0.0], kernel=KERNEL, unbiased=False) == pytest.approx(0)
    assert mmd2([0.0], [9.0], kernel=KERNEL, unbiased=False) == pytest.approx(2)


def test_constants_have_mmd_0_with_a_given_bandwidth():
    assert mmd2(np.ones(4), np.ones(5), kernel=KERNEL) == pytest.approx(0)
