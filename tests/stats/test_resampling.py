"""Jackknife and bootstrap: closed forms, SciPy, and the coverage they promise."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats as scipy_stats

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import bootstrap, jackknife, variance


def biased_variance(x):
    return variance(x, ddof=0)


def test_jackknife_turns_the_biased_variance_into_the_unbiased_one_exactly():
    x = np.array([Fraction(k * k, 7) for k in range(6)], object)
    found = jackknife(biased_variance, x)
    assert found.corrected == variance(x)
    assert found.bias == -variance(x) / 6


def test_jackknife_error_of_a_mean_is_the_usual_one():
    x = np.random.default_rng(0).normal(size=50)
    found = jackknife(np.mean, x)
    assert found.standard_error == pytest.approx(x.std(ddof=1) / 50**0.5)
    assert found.bias == pytest.approx(0, abs=1e-12)
    assert found.corrected == pytest.approx(x.mean())


def correlation(points):
    return np.corrcoef(points.T)[0, 1]


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_bootstrap_interval_is_that_of_scipy(method):
    random = np.random.default_rng(0)
    x = random.gamma(2, size=40)
    ours = bootstrap(np.mean, x, method=method.lower(), random_state=1)
    theirs = scipy_stats.bootstrap((x,), np.mean, method=method, random_state=2)
    width = ours.high - ours.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=width / 30)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=width / 30)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.04)


def test_bca_moves_quantiles_as_scipy_does():
    x = np.random.default_rng(0).gamma(2, size=40)
    ours = bootstrap(np.var, x, num_resamples=500, random_state=1)
    given = scipy_stats.bootstrap(
        (x,),
        np.var,
        method="BCa",
        n_resamples=0,
        bootstrap_result=type("", (), {"bootstrap_distribution": ours.replicates}),
    )
    assert ours.low == pytest.approx(given.confidence_interval.low)
    assert ours.high == pytest.approx(given.confidence_interval.high)


def test_bootstrap_draws_rows_whole():
    points = np.arange(20.0)[:, None] * [1, 1]
    points[::2] += 1e-3 * np.random.default_rng(0).normal(size=(10, 2))
    found = bootstrap(correlation, points, num_resamples=200, random_state=0)
    assert found.low > 0.999


def test_the_same_seed_gives_the_same_interval():
    x = np.random.default_rng(0).normal(size=20)
    one, two = (bootstrap(np.mean, x, num_resamples=99, random_state=3) for _ in "ab")
    other = bootstrap(np.mean, x, num_resamples=99, random_state=4)
    assert (one.low, one.high) == (two.low, two.high) != (other.low, other.high)


def test_a_constant_has_an_interval_of_length_0():
    for method in ("percentile", "bca"):
        found = bootstrap(np.mean, np.full(9, 2.5), method=method, num_resamples=50)
        assert (found.low, found.high, found.standard_error) == (2.5, 2.5, 0)
    assert jackknife(np.mean, np.full(9, 2.5)).standard_error == 0


def test_an_estimate_beyond_all_replicates_has_a_finite_interval():
    x = np.arange(8.0)
    found = bootstrap(lambda s: len(np.unique(s)), x, num_resamples=100, random_state=0)
    assert np.isfinite([found.low, found.high]).all()


def coverage(method, law, true, n, trials):
    """How many of the trials' intervals of a mean hold the true one."""
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(trials):
        found = bootstrap(
            np.mean,
            law(random, n),
            method=method,
            num_resamples=399,
            random_state=random,
        )
        hits += found.low <= true <= found.high
    return hits / trials


def test_percentile_intervals_cover_a_mean_about_as_often_as_they_say():
    # n = 30: 0.95 less about 0.015; three standard errors of 200 trials are 0.05.
    found = coverage("percentile", lambda r, n: r.normal(size=n), 0.0, 30, 200)
    assert found == pytest.approx(0.935, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_cover_the_true_value_as_often_as_they_say(method):
    normal = coverage(method, lambda r, n: r.normal(size=n), 0.0, 60, 2000)
    assert normal == pytest.approx(0.945, abs=0.015)
    skewed = coverage(method, lambda r, n: r.exponential(size=n), 1.0, 60, 2000)
    assert skewed == pytest.approx(0.94, abs=0.02)


@pytest.mark.parametrize("resample", [jackknife, bootstrap])
def test_bad_samples_are_refused(resample):
    for bad in ([1.0], [1.0, np.nan], [], 3.0, ["a", "b"]):
        with pytest.raises(DataError):
            resample(np.mean, bad)
    with pytest.raises(ShapeError, match="one number"):
        resample(lambda x: x, [1.0, 2.0, 3.0])


def test_bad_options_of_the_bootstrap_are_refused():
    x = [1.0, 2.0, 3.0]
    with pytest.raises(ConfigError):
        bootstrap(np.mean, x, confidence=1.0)
    with pytest.raises(ConfigError):
        bootstrap(np.mean, x, method="BCA")  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        bootstrap(np.mean, x, num_resamples=1)
    with pytest.raises(ConfigError):
        bootstrap(np.mean, x, random_state="seed")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="resample"):
        bootstrap(
            lambda s: variance(s) if len(np.unique(s)) > 1 else np.nan,
            x,
            num_resamples=50,
        )


def test_results_compare_and_show_without_their_replicates():
    x = np.random.default_rng(0).normal(size=30)
    for make in (
        lambda: bootstrap(np.mean, x, random_state=3),
        lambda: jackknife(np.mean, x),
    ):
        one, other = make(), make()
        assert one == one and one != other
        assert "replicates" not in repr(one) and "estimate" in repr(one)
