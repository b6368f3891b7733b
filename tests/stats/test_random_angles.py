"""Random angles: the lesson's table, integrals, moments, and angles that were drawn."""

import numpy as np
import pytest
from scipy import integrate
from scipy import stats as scipy_stats

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import (
    expected_orthogonality_error,
    orthogonality_error,
    random_angle_cdf,
    random_angle_cumulant,
    random_angle_pdf,
    random_angle_tail,
    random_angle_variance,
    random_angles,
)

TABLE = {
    3: 0.467401,
    10: 0.110661,
    20: 0.0525832,
    50: 0.0204053,
    100: 0.0101007,
    200: 0.00502508,
    1000: 0.001001,
}


@pytest.mark.parametrize(("dim", "variance"), TABLE.items())
def test_variances_are_those_of_the_lesson(dim, variance):
    assert random_angle_variance(dim) == pytest.approx(variance, rel=5e-6)


def test_the_variance_is_near_1_over_n_less_2():
    assert random_angle_variance(1000) == pytest.approx(1 / 998, rel=1.1e-3)


def test_variances_in_two_and_three_dimensions_are_known():
    assert random_angle_variance(2) == pytest.approx(np.pi**2 / 12)
    assert random_angle_variance(3) == pytest.approx(np.pi**2 / 4 - 2)


@pytest.mark.parametrize("dim", [2, 3, 4, 17, 200])
def test_the_density_has_mass_1_and_the_stated_moments(dim):
    def moment(order):
        return integrate.quad(
            lambda t: (t - np.pi / 2) ** order * random_angle_pdf(t, dim),
            0,
            np.pi,
            points=[np.pi / 2],
        )[0]

    assert moment(0) == pytest.approx(1)
    assert moment(2) == pytest.approx(random_angle_variance(dim))
    fourth = moment(4) - 3 * moment(2) ** 2
    assert fourth == pytest.approx(random_angle_cumulant(4, dim), rel=1e-5)
    sixth = moment(6) - 15 * moment(4) * moment(2) + 30 * moment(2) ** 3
    assert sixth == pytest.approx(random_angle_cumulant(6, dim), rel=1e-3, abs=1e-14)
    assert random_angle_cumulant(1, dim) == pytest.approx(np.pi / 2)
    assert random_angle_cumulant(3, dim) == 0


def test_two_dimensions_have_uniform_angles_and_three_uniform_cosines():
    theta = np.linspace(0, np.pi, 9)
    assert random_angle_pdf(theta, 2) == pytest.approx(np.full(9, 1 / np.pi))
    assert random_angle_cdf(theta, 3) == pytest.approx((1 - np.cos(theta)) / 2)


@pytest.mark.parametrize("dim", [2, 3, 10, 300])
def test_cdf_and_tail_are_integrals_of_the_density(dim):
    for theta in (0.3, 1.2, np.pi / 2, 2.5):
        area = integrate.quad(random_angle_pdf, 0, theta, args=(dim,))[0]
        assert random_angle_cdf(theta, dim) == pytest.approx(area, abs=1e-9)
    away = 0.4
    outside = 2 * random_angle_cdf(np.pi / 2 - away, dim)
    assert random_angle_tail(away, dim) == pytest.approx(outside)
    assert random_angle_tail(-away, dim) == random_angle_tail(away, dim)
    assert random_angle_tail(2.0, dim) == pytest.approx(0, abs=1e-15)


def test_small_tails_keep_their_digits():
    area = 2 * integrate.quad(random_angle_pdf, 0, np.pi / 3, args=(1000,), epsabs=0)[0]
    assert random_angle_tail(np.pi / 6, 1000) == pytest.approx(area, rel=1e-6)
    assert random_angle_tail(np.pi / 6, 1000) == pytest.approx(1.97e-64, rel=0.01)


def test_the_density_is_0_outside_the_half_turn():
    assert random_angle_pdf([-0.1, 3.2], 2).tolist() == [0, 0]
    assert random_angle_pdf([0.0, np.pi], 5) == pytest.approx([0, 0], abs=1e-30)
    assert random_angle_cdf([-1.0, 9.0], 4).tolist() == [0, 1]


@pytest.mark.parametrize("dim", [2, 3, 8, 100])
def test_angles_of_random_vectors_follow_the_law(dim):
    random = np.random.default_rng(dim)
    pairs = random.normal(size=(2, 3000, dim))
    pairs /= np.linalg.norm(pairs, axis=2, keepdims=True)
    measured = np.arccos((pairs[0] * pairs[1]).sum(axis=1))
    drawn = random_angles(dim, 3000, random_state=1)
    for angles in (measured, drawn):
        found = scipy_stats.kstest(angles, lambda t: random_angle_cdf(t, dim))
        assert found.pvalue > 0.005


def drawn_matrices(law, rows, columns, trials=400):
    random = np.random.default_rng(0)
    for _ in range(trials):
        if law == "normal":
            yield random.normal(0, rows**-0.5, (rows, columns))
        else:
            bound = (3 / rows) ** 0.5
            yield random.uniform(-bound, bound, (rows, columns))


@pytest.mark.parametrize(("law", "kurtosis"), [("normal", 3.0), ("uniform", 1.8)])
@pytest.mark.parametrize(("rows", "columns"), [(20, 20), (30, 10)])
def test_random_matrices_are_as_far_from_orthogonal_as_expected(
    law, kurtosis, rows, columns
):
    found = [orthogonality_error(w) for w in drawn_matrices(law, rows, columns)]
    error = 3 * np.std(found) / len(found) ** 0.5
    expected = expected_orthogonality_error(rows, columns, kurtosis)
    assert np.mean(found) == pytest.approx(expected, abs=error)


def test_square_matrices_have_the_lessons_errors():
    assert expected_orthogonality_error(100, 100) == pytest.approx(101 / 100**2)
    assert expected_orthogonality_error(100, 100, 1.8) == pytest.approx(99.8 / 100**2)


def test_near_orthogonal_elements_are_no_isometry():
    extremes = np.array(
        [
            np.linalg.svd(w, compute_uv=False)[[0, -1]]
            for w in drawn_matrices("normal", 100, 100, trials=60)
        ]
    ).mean(axis=0)
    assert extremes == pytest.approx([1.96, 0.0070], rel=0.02, abs=0.004)


def test_a_fixed_vector_keeps_its_length_up_to_2_over_m():
    x = np.random.default_rng(1).normal(size=30)
    x /= np.linalg.norm(x)
    squares = [((w @ x) ** 2).sum() for w in drawn_matrices("normal", 40, 30, 3000)]
    assert np.mean(squares) == pytest.approx(1, abs=3 * (2 / 40 / 3000) ** 0.5)
    assert np.var(squares) == pytest.approx(2 / 40, rel=0.12)


def test_an_orthogonal_matrix_has_no_error():
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 5)))[0]
    assert orthogonality_error(q) == pytest.approx(0, abs=1e-30)


def test_bad_input_is_refused():
    for function in (random_angle_pdf, random_angle_cdf, random_angle_tail):
        for dim in (1, 2.5):
            with pytest.raises(ConfigError):
                function(1.0, dim)
        with pytest.raises(DataError):
            function(np.nan, 3)
    with pytest.raises(ConfigError):
        random_angle_cumulant(0, 3)
    with pytest.raises(ConfigError):
        random_angles(1)
    with pytest.raises(ShapeError):
        orthogonality_error([1.0, 2.0])
    with pytest.raises(DataError):
        orthogonality_error([[1.0, np.nan]])
    with pytest.raises(ConfigError):
        expected_orthogonality_error(3, 3, 0.5)
