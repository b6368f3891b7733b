"""HSIC and CKA: formulas, laws, closed forms, and what a test finds with them."""

from itertools import permutations

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import Delta, Gaussian, Linear, cka, hsic, hsic_test, mmd2
from kewen.stats.gram import gram_sums
from kewen.stats.independence import gamma_pvalue, permutation_moments

ONE = Gaussian(0.5**0.5)  # the lesson's sigma = 1: exp(-|x - y|^2)
KERNELS = {"kernel_x": ONE, "kernel_y": ONE}
# Lesson 6910: x standard normal, y = x + 0.1 e.
POPULATION = 0.0945228


def dependent(n, seed=0):
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    return x, x + 0.1 * noise


@pytest.fixture
def matrices():
    x, y = np.random.default_rng(0).normal(size=(2, 12, 2))
    y[:, 0] += x[:, 1] ** 2
    return x, y, ONE(x, x), ONE(y, y)


def test_three_formulas_of_the_biased_estimate_agree(matrices):
    x, y, k, l = matrices
    n = len(x)
    j = np.eye(n) - 1 / n
    trace = np.trace(k @ j @ l @ j) / n**2
    sums = (k * l).sum() / n**2 + k.mean() * l.mean() - 2 * (k @ l).mean() / n
    ours = hsic(x, y, unbiased=False, **KERNELS)
    assert ours == pytest.approx(trace, abs=1e-15)
    assert ours == pytest.approx(sums, abs=1e-15)


def test_hsic_is_mmd_between_the_joint_sample_and_the_product_of_its_margins(matrices):
    x, y, *_ = matrices
    joint = np.hstack([x, y])
    product = np.array([np.hstack([a, b]) for a in x for b in y])

    def of_pairs(p, q):
        return ONE(p[:, :2], q[:, :2]) * ONE(p[:, 2:], q[:, 2:])

    apart = mmd2(joint, product, kernel=of_pairs, unbiased=False)
    assert hsic(x, y, unbiased=False, **KERNELS) == pytest.approx(apart, abs=1e-15)


def test_the_unbiased_estimate_is_the_mean_over_all_four_points(matrices):
    x, y, k, l = matrices
    x, y, k, l = x[:7], y[:7], k[:7, :7], l[:7, :7]
    by_definition = np.mean(
        [
            k[a, b] * (l[a, b] + l[c, d] - 2 * l[a, c])
            for a, b, c, d in permutations(range(7), 4)
        ]
    )
    assert hsic(x, y, **KERNELS) == pytest.approx(by_definition, abs=1e-15)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("block_size", [1, 5, 12, 100])
def test_blocks_change_nothing(matrices, unbiased, block_size):
    x, y, *_ = matrices
    whole = hsic(x, y, unbiased=unbiased, **KERNELS)
    ours = hsic(x, y, unbiased=unbiased, block_size=block_size, **KERNELS)
    assert ours == pytest.approx(whole, abs=1e-15)


def test_the_population_value_is_that_of_gaussian_integrals():
    # E exp(-v'v) = det(I + 2 S)^(-1/2) for normal v with covariance S: v holds the
    # differences x - x' and y - y', of two pairs that share both points, one, or none.
    variances = 2.0, 2 * 1.01  # of x - x' and y - y'

    def expectation(covariance):
        s = np.array([[variances[0], covariance], [covariance, variances[1]]])
        return np.linalg.det(np.eye(2) + 2 * s) ** -0.5

    exact = expectation(2.0) + expectation(0.0) - 2 * expectation(1.0)
    assert exact == pytest.approx(POPULATION, abs=5e-8)
    found = [hsic(*dependent(400, seed), **KERNELS) for seed in range(20)]
    error = np.std(found) / 20**0.5
    assert np.mean(found) == pytest.approx(exact, abs=3.5 * error)


def test_the_lessons_numbers_of_1000_points():
    assert hsic(*dependent(1000), **KERNELS) == pytest.approx(0.0945, abs=0.004)
    x, y = np.random.default_rng(1).normal(size=(2, 1000))
    lesson = hsic(x, y, unbiased=False, **KERNELS) * (1000 / 999) ** 2
    assert lesson == pytest.approx(0.000306, abs=0.0002)


def test_expectations_under_independence_are_the_stated_ones():
    n, e = 20, 1 / 5**0.5
    random = np.random.default_rng(0)
    samples = random.normal(size=(4000, 2, n))
    biased = np.array([hsic(x, y, unbiased=False, **KERNELS) for x, y in samples])
    lesson = biased * n**2 / (n - 1) ** 2  # divided by (n - 1)^2
    error = lesson.std() / 4000**0.5
    assert (1 - e) ** 2 / (n - 1) == pytest.approx(0.016083, abs=1e-6)
    assert lesson.mean() == pytest.approx((1 - e) ** 2 / (n - 1), abs=3 * error)
    honest = np.array([hsic(x, y, **KERNELS) for x, y in samples])
    assert honest.mean() == pytest.approx(0, abs=3 * honest.std() / 4000**0.5)
    assert (honest < 0).any()


def test_linear_kernels_give_the_squared_covariances(matrices):
    x, y, *_ = matrices
    away = (x - x.mean(0)).T @ (y - y.mean(0)) / len(x)
    kernels = {"kernel_x": "linear", "kernel_y": "linear"}
    assert hsic(x, y, unbiased=False, **kernels) == pytest.approx((away**2).sum())
    far = hsic(x + 1e6, y - 1e6, **kernels)
    assert far == pytest.approx(hsic(x, y, **kernels), rel=1e-6)


@pytest.mark.parametrize("unbiased", [False, True])
def test_products_of_features_give_what_kernel_matrices_give(matrices, unbiased):
    x, y, *_ = matrices
    by_features = hsic(x, y, kernel_x="linear", kernel_y="linear", unbiased=unbiased)
    plain = lambda a, b: a @ b.T
    by_matrices = hsic(x, y, kernel_x=plain, kernel_y=plain, unbiased=unbiased)
    assert by_features == pytest.approx(by_matrices)


@pytest.mark.parametrize("unbiased", [False, True])
def test_order_sign_and_shift_change_nothing(matrices, unbiased):
    x, y, *_ = matrices
    options = {"unbiased": unbiased, **KERNELS}
    value = hsic(x, y, **options)
    order = np.random.default_rng(3).permutation(len(x))
    assert hsic(x[order], y[order], **options) == pytest.approx(value, abs=1e-15)
    assert hsic(y, x, **options) == pytest.approx(value, abs=1e-15)
    assert hsic(-x, y + 100, **options) == pytest.approx(value, abs=1e-12)


def test_fewer_than_four_points_have_no_unbiased_hsic():
    x = [1.0, 2.0, 4.0]
    with pytest.raises(DataError, match="at least 4"):
        hsic(x, x)
    with pytest.raises(DataError, match="at least 4"):
        cka(x, x, debiased=True)
    with pytest.raises(DataError, match="at least 4"):
        hsic_test(x, x)
    assert hsic(x, x, unbiased=False) > 0
    assert np.isfinite(hsic([*x, 5.0], [*x, 5.0]))


@pytest.mark.parametrize("function", [hsic, cka, hsic_test])
def test_bad_input_is_refused(function):
    x = np.arange(8.0)
    with pytest.raises(ShapeError, match="same N points"):
        function(x, x[:-1])
    with pytest.raises(ShapeError):
        function(x.reshape(2, 2, 2), x[:2])
    for bad in (np.nan, np.inf):
        with pytest.raises(DataError, match="finite"):
            function(x, np.where(x == 3, bad, x))
    with pytest.raises(DataError):
        function([], [])
    with pytest.raises(DataError):
        function(np.ones(8), x)
    with pytest.raises(DataError):
        function(x, np.full(8, 0.1))
    with pytest.raises(ConfigError):
        function(x, x, kernel_x="sigmoid")
    with pytest.raises(ConfigError):
        function(x, x, block_size=0)


def test_a_constant_has_hsic_0_with_a_given_bandwidth():
    x = np.arange(8.0)
    assert hsic(np.ones(8), x, **KERNELS) == pytest.approx(0, abs=1e-16)


def test_cka_is_1_up_to_rotation_shift_and_scale():
    x = np.random.default_rng(0).normal(size=(40, 5))
    q = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    for debiased in (False, True):
        assert cka(x, 3 * x @ q + 7, debiased=debiased) == pytest.approx(1)
    assert cka(x, x @ np.diag([1, 2, 3, 4, 5.0])) < 0.95
    assert cka(x, x @ q, kernel_x=ONE, kernel_y=ONE) == pytest.approx(1)


def test_cka_is_the_alignment_of_centred_matrices(matrices):
    x, y, k, l = matrices
    j = np.eye(len(x)) - 1 / len(x)
    k, l = j @ k @ j, j @ l @ j
    expected = (k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum())
    assert cka(x, y, **KERNELS) == pytest.approx(expected)
    linear = [j @ a @ a.T @ j for a in (x, y)]
    expected = (linear[0] * linear[1]).sum() / np.prod(
        list(map(np.linalg.norm, linear))
    )
    assert cka(x, y) == pytest.approx(expected)


def test_debiased_cka_of_many_independent_features_is_near_0_and_plain_is_not():
    pairs = [np.random.default_rng(i).normal(size=(2, 50, 200)) for i in range(30)]
    assert min(cka(x, y) for x, y in pairs) > 0.75
    honest = [cka(x, y, debiased=True) for x, y in pairs]
    assert np.mean(honest) == pytest.approx(0, abs=3 * np.std(honest) / 30**0.5)


def test_moments_of_the_gamma_test_are_those_of_all_pairings(matrices):
    x, y, *_ = matrices
    x, y = x[:6], y[:6]
    all_of_them = [
        36 * hsic(x, y[list(order)], unbiased=False, **KERNELS)
        for order in permutations(range(6))
    ]
    mean, variance = permutation_moments(gram_sums(x, y, ONE, ONE))
    assert mean == pytest.approx(np.mean(all_of_them))
    assert variance == pytest.approx(np.var(all_of_them))


@pytest.mark.parametrize("method", ["permutation", "gamma"])
def test_a_circle_is_dependent_though_uncorrelated(method):
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 200)
    x, y = np.cos(angle), np.sin(angle)
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.12
    found = hsic_test(x, y, method=method, num_permutations=99, random_state=0)
    assert found.pvalue <= 0.01
    assert found.method == method
    assert found.statistic == pytest.approx(200 * hsic(x, y, unbiased=False))
    # What a linear kernel sees of it is nothing.
    blind = hsic_test(x, y, kernel_x="linear", kernel_y="linear", method=method)
    assert blind.pvalue > 0.05


@pytest.mark.parametrize("method", ["permutation", "gamma"])
def test_the_level_is_about_what_it_says(method):
    random = np.random.default_rng(0)
    pvalues = [
        hsic_test(
            random.exponential(size=30),
            random.integers(0, 3, 30),
            kernel_y=Delta(),
            method=method,
            num_permutations=99,
            random_state=random,
        ).pvalue
        for _ in range(400)
    ]
    # Three standard errors of a share of 0.05 in 400 trials.
    assert np.mean(np.array(pvalues) <= 0.05) == pytest.approx(0.05, abs=0.033)
    assert np.mean(pvalues) == pytest.approx(0.5, abs=0.05)


def test_equal_arrangements_count_although_they_round_differently():
    x = np.array([0.0, 0, 0, 0, 0, 0, 0, 1])
    found = hsic_test(x, x[::-1], kernel_x="delta", kernel_y="delta", random_state=0)
    # 7 of 8 pairings of the two ones give what was observed, 1 of 8 gives more.
    assert found.pvalue == 1


def test_the_same_seed_gives_the_same_pvalue_and_blocks_do_not_matter(monkeypatch):
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    options = {"num_permutations": 50, "random_state": 4}
    first = hsic_test(x, y, **options)
    assert hsic_test(x, y, **options) == first
    monkeypatch.setattr("kewen.stats.independence.IN_MEMORY_UP_TO", 10)
    assert hsic_test(x, y, block_size=7, **options).pvalue == first.pvalue


def test_auto_permutes_few_points_and_not_many():
    x, y = np.random.default_rng(0).normal(size=(2, 1001))
    assert hsic_test(x[:40], y[:40], num_permutations=9).method == "permutation"
    assert hsic_test(x, y).method == "gamma"


def test_bad_options_of_the_test_are_refused():
    x = np.arange(6.0)
    with pytest.raises(ConfigError):
        hsic_test(x, x, method="exact")  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        hsic_test(x, x, num_permutations=0)
    with pytest.raises(ConfigError):
        hsic_test(x, x, random_state=-1)
    # So narrow that no point is like another: every pairing gives the same.
    with pytest.raises(DataError, match="bandwidth"):
        gamma_pvalue(gram_sums(x[:, None], x[:, None], Gaussian(1e-3), Gaussian(1e-3)))
    with pytest.raises(DataError, match="bandwidth"):
        hsic_test(x, x, kernel_x=Gaussian(1e-3), kernel_y=Linear(), method="gamma")


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_points_that_cannot_be_squared_are_told(unit):
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    for ask in (hsic, cka, hsic_test, mmd2):
        with pytest.raises(DataError, match=r"fourth power is a number.*Scale"):
            ask(x * unit, y)
    assert cka(x * 1e50, y * 1e-50) == pytest.approx(cka(x, y), rel=1e-9)


def test_a_biased_value_is_never_negative_by_rounding():
    y = np.random.default_rng(1).normal(size=30)
    kernel = Gaussian(1.0)
    assert hsic(np.ones(30), y, kernel_x=kernel, unbiased=False) >= 0
