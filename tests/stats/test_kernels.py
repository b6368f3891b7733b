"""Kernels against their formulas, and what they refuse."""

import numpy as np
import pytest

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.stats import Delta, Gaussian, Laplacian, Linear, Polynomial, hsic, mmd2
from kewen.stats.kernels import KERNELS, kernel_of, median_distance

ROOTS = np.random.default_rng(0).normal(size=(2, 6, 3))


@pytest.mark.parametrize(
    ("kernel", "formula"),
    [
        (Gaussian(0.7), lambda a, b: np.exp(-((a - b) ** 2).sum() / (2 * 0.7**2))),
        (Laplacian(0.7), lambda a, b: np.exp(-(((a - b) ** 2).sum() ** 0.5) / 0.7)),
        (Linear(), lambda a, b: a @ b),
        (Polynomial(3, 0.5), lambda a, b: (a @ b + 0.5) ** 3),
        (Delta(), lambda a, b: float((a == b).all())),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("width", [1, 3])
def test_kernels_are_their_formulas(kernel, formula, width):
    x, y = np.round(ROOTS[:, :, :width], 1)
    y[2] = x[3]
    expected = [[formula(a, b) for b in y] for a in x]
    assert kernel(x, y) == pytest.approx(np.array(expected))


def test_far_points_keep_their_distances():
    x, y = ROOTS + 1e6
    assert Gaussian(1.0)(x, y) == pytest.approx(Gaussian(1.0)(*ROOTS), rel=1e-6)


def test_the_median_heuristic_is_the_median_of_positive_distances():
    x = np.array([[0.0], [0.0], [0.0], [0.0], [1.0], [3.0]])
    assert median_distance(x) == 2.0  # of 1 1 1 1 2 3 3 3 3
    fitted = kernel_of("gaussian", x)
    assert fitted == Gaussian(2.0)
    many = np.random.default_rng(0).normal(size=(5000, 1))
    assert median_distance(many) == pytest.approx(0.954, rel=0.05)


def test_every_name_gives_a_kernel_that_works():
    x, y = np.round(ROOTS[:, :, :2])
    for name in KERNELS:
        assert np.isfinite(hsic(x, y, kernel_x=name, kernel_y=name, unbiased=False))
        assert mmd2(x, x, kernel=name, unbiased=False) == pytest.approx(0, abs=1e-12)


def test_kernels_that_cannot_be_are_refused():
    for bandwidth in (0, -1, np.nan, np.inf, "mean"):
        with pytest.raises(ConfigError):
            Gaussian(bandwidth)
    for bad in ({"degree": 0}, {"constant": -1}):
        with pytest.raises(ConfigError):
            Polynomial(**bad)
    x = ROOTS[0]
    for bad in ("rbf", 3, Gaussian):
        with pytest.raises(ConfigError):
            kernel_of(bad, x)
    with pytest.raises(ConfigError, match="fitted"):
        Gaussian()(x, x)
    with pytest.raises(DataError, match="equal points"):
        kernel_of("laplacian", np.ones((4, 2)))


def test_functions_that_are_no_kernels_are_refused():
    x, y = ROOTS
    for bad, error in [
        (lambda a, b: a[:, 0], ShapeError),
        (lambda a, b: np.full((len(a), len(b)), np.nan), DataError),
        (lambda a, b: a[:, :1] - b[:, :1].T, DataError),  # not symmetric
    ]:
        with pytest.raises(error):
            hsic(x, y, kernel_x=bad, kernel_y=Linear())
        with pytest.raises(error):
            mmd2(x, y, kernel=bad)
