"""Running moments and moving averages against one pass over everything."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import (
    DebiasedEMA,
    RunningMoments,
    debias_ema,
    expected_orthogonality_error,
    variance,
)


@pytest.fixture
def x():
    return np.random.default_rng(0).gamma(2, size=(200, 3)) + 1e3


def numbers(moments):
    return np.stack(
        [
            moments.mean_,
            moments.variance_,
            moments.skewness(),
            moments.kurtosis(),
        ]
    )


def expected(x):
    return np.stack(
        [
            x.mean(0),
            x.var(0, ddof=1),
            scipy_stats.skew(x),
            scipy_stats.kurtosis(x),
        ]
    )


def test_batches_give_what_one_pass_gives(x):
    moments = RunningMoments()
    for start, stop in pairwise([0, 1, 2, 50, 51, 200]):
        assert moments.partial_fit(x[start:stop]) is moments
    assert numbers(moments) == pytest.approx(expected(x), rel=1e-9)
    assert moments.weight_ == moments.count_ == 200


def test_the_order_of_merging_does_not_matter(x):
    pieces = [x[:10], x[10:11], x[11:150], x[150:]]
    for order in permutations(range(4)):
        parts = [RunningMoments().partial_fit(pieces[i]) for i in order]
        left = RunningMoments()
        for part in parts:
            left.merge(part)
        tree = parts[0].merge(parts[1]).merge(parts[2].merge(parts[3]))
        assert numbers(left) == pytest.approx(expected(x), rel=1e-9)
        assert numbers(tree) == pytest.approx(expected(x), rel=1e-9)


def test_merging_leaves_the_other_one_as_it_was(x):
    other = RunningMoments().partial_fit(x)
    before = numbers(other)
    taken = RunningMoments().merge(other)
    taken.partial_fit(x[:5] * 2)
    assert (numbers(other) == before).all()
    assert taken.count_ == 205
    assert (numbers(other.merge(RunningMoments())) == before).all()


def test_weights_count_as_in_variance(x):
    weights = np.random.default_rng(1).integers(0, 4, 200).astype(float)
    x[weights == 0] = np.nan  # a mask
    moments = RunningMoments()
    for start, stop in pairwise([0, 30, 120, 200]):
        moments.partial_fit(x[start:stop], weights[start:stop])
    kept = weights > 0
    for frequency in (False, True):
        ours = moments.variance(frequency=frequency)
        theirs = variance(x[kept], 0, weights=weights[kept], frequency=frequency)
        assert ours == pytest.approx(theirs, rel=1e-9)
    repeated = np.repeat(x[kept], weights[kept].astype(int), axis=0)
    assert moments.skewness() == pytest.approx(scipy_stats.skew(repeated), rel=1e-8)


def test_a_large_mean_costs_no_digits():
    x = np.random.default_rng(0).normal(size=1000)
    moments = RunningMoments()
    for number in np.split(x + 1e9, 500):
        moments.partial_fit(number)
    assert moments.variance_ == pytest.approx(x.var(ddof=1), rel=1e-6)


def test_one_point_has_no_variance_and_a_constant_no_skewness():
    one = RunningMoments().partial_fit([4.0])
    assert one.mean_ == 4
    assert np.isnan(one.variance_)
    assert one.variance(ddof=0) == 0
    constant = RunningMoments().partial_fit(np.ones(5))
    assert constant.variance_ == 0
    assert np.isnan(constant.skewness())
    assert np.isnan(constant.kurtosis())


def test_bad_input_of_running_moments_is_refused_and_changes_nothing(x):
    moments = RunningMoments()
    with pytest.raises(DataError, match="partial_fit"):
        _ = moments.mean_
    moments.partial_fit(x)
    before = numbers(moments)
    with pytest.raises(ShapeError):
        moments.partial_fit(np.ones((4, 2)))
    with pytest.raises(ShapeError):
        moments.partial_fit(1.0)
    with pytest.raises(DataError):
        moments.partial_fit([[1.0, np.nan, 2.0]])
    with pytest.raises(DataError):
        moments.partial_fit(x[:2], [-1, 2])
    with pytest.raises(DataError):
        moments.partial_fit(x[:2], [0, 0])
    with pytest.raises(ShapeError):
        moments.partial_fit(x[:2], [1, 1, 1])
    assert (numbers(moments) == before).all()


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_a_moving_average_of_a_constant_is_that_constant_at_every_step(decay):
    average, ema = 0.0, DebiasedEMA(decay)
    for t in range(1, 50):
        average = decay * average + (1 - decay) * 3.7
        assert debias_ema(average, decay, t) == pytest.approx(3.7, rel=1e-12)
        assert ema.partial_fit(3.7).mean_ == pytest.approx(3.7, rel=1e-12)


def test_a_decay_near_1_costs_no_digits():
    decay = 1 - 1e-12
    assert debias_ema((1 - decay) * 5, decay, 1) == pytest.approx(5, rel=1e-9)


def test_a_debiased_average_is_a_mean_with_weights_that_decay():
    x, weights = np.random.default_rng(0).uniform(1, 2, (2, 20))
    ema = DebiasedEMA(0.9)
    for value, weight in zip(x, weights, strict=True):
        ema.partial_fit(value, weight)
    counted = weights * 0.9 ** np.arange(19, -1, -1)
    assert ema.mean_ == pytest.approx(np.average(x, weights=counted))
    mean = ema.mean_
    assert ema.partial_fit(100.0, weight=0).mean_ == pytest.approx(mean)


def test_bad_input_of_moving_averages_is_refused():
    for decay in (1.0, -0.1, np.nan):
        with pytest.raises(ConfigError):
            debias_ema(1.0, decay, 1)
        with pytest.raises(ConfigError):
            DebiasedEMA(decay).partial_fit(1.0)
    with pytest.raises(ConfigError):
        debias_ema(1.0, 0.9, 0)
    with pytest.raises(DataError):
        debias_ema(np.nan, 0.9, 1)
    ema = DebiasedEMA(0.9)
    for weight in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError):
            ema.partial_fit(1.0, weight)
    with pytest.raises(DataError, match="partial_fit"):
        _ = ema.mean_
    with pytest.raises(DataError):
        ema.partial_fit(np.nan)


def test_other_shapes_and_other_things_are_refused():
    average = DebiasedEMA(0.9).partial_fit([1.0, 2])
    with pytest.raises(ShapeError, match=r"\(3,\) after \(2,\)"):
        average.partial_fit([1.0, 2, 3])
    with pytest.raises(ConfigError, match="Only RunningMoments merge"):
        RunningMoments().merge(5)
    with pytest.raises(ConfigError, match="kurtosis must be"):
        expected_orthogonality_error(100, 100, "uniform")
