"""Angles between random directions, and how nearly orthogonal a random matrix is.

In n dimensions the angle of two random directions has the density
Gamma(n/2) / (Gamma((n-1)/2) sqrt(pi)) sin(theta)^(n-2): it gathers at a right angle,
with a variance near 1 / (n - 2). All else follows from two closed forms: the law of
(1 + cos theta) / 2 is Beta((n-1)/2, (n-1)/2), and the logarithm of the moment
generating function of theta - pi/2 is 2 lnGamma(n/2) - 2 Re lnGamma(n/2 + it/2).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, polygamma, xlogy

from kewen.errors import ConfigError, ShapeError
from kewen.settings import RandomState, at_least, generator, real
from kewen.stats.checking import Floats, finite, points_of, values_of


def random_angle_pdf(theta: ArrayLike, dim: int) -> Any:
    """The density of the angle of two random directions; 0 outside [0, pi].

    Args:
        theta: radians, of any shape.
        dim: n >= 2. In 2 dimensions the angle is uniform, in 3 its cosine.

    Source: lesson 7076.
    """
    at, half = _angles(theta), (at_least("dim", dim, 2) - 1) / 2
    inside = (at >= 0) & (at <= np.pi)
    sine = np.where(inside, np.sin(at), 1.0).clip(0)
    density = np.exp(xlogy(dim - 2, sine) - betaln(half, 0.5))
    return _plain(np.where(inside, density, 0.0))


def random_angle_cdf(theta: ArrayLike, dim: int) -> Any:
    """The chance that the angle of two random directions is at most theta."""
    at, half = _angles(theta), (at_least("dim", dim, 2) - 1) / 2
    sine = np.sin(np.clip(at, 0, np.pi) / 2)
    return _plain(betainc(half, half, sine**2))


def random_angle_tail(away: ArrayLike, dim: int) -> Any:
    """The chance that the angle is more than `away` radians off a right angle.

    Small chances keep their digits: 1,000 dimensions and 30 degrees give 2e-64.
    """
    at, half = np.abs(_angles(away)), (at_least("dim", dim, 2) - 1) / 2
    # cos^2 has the law Beta(1/2, (n-1)/2), so sin^2 the law with both exchanged.
    return _plain(betainc(half, 0.5, np.cos(np.minimum(at, np.pi / 2)) ** 2))


def random_angle_cumulant(order: int, dim: int) -> float:
    """A cumulant of the angle: the mean pi/2, the variance, 0 for odd ones, ..."""
    order, dim = at_least("order", order, 1), at_least("dim", dim, 2)
    if order % 2:
        return float(np.pi / 2) if order == 1 else 0.0
    sign = -1 if order % 4 == 0 else 1
    return float(2 * sign * polygamma(order - 1, dim / 2) / 2.0**order)


def random_angle_variance(dim: int) -> float:
    """The variance of the angle: half the trigamma function at n/2; about 1 / (n - 2).

    Example: pi^2 / 12 in 2 dimensions, pi^2 / 4 - 2 in 3, 0.0101007 in 100.
    """
    return random_angle_cumulant(2, dim)


def random_angles(
    dim: int, size: int | tuple[int, ...] = 1, *, random_state: RandomState = None
) -> Floats:
    """Draw angles of two random directions, in O(1) each, whatever the dimension."""
    half = (at_least("dim", dim, 2) - 1) / 2
    try:
        share = generator(random_state).beta(half, half, size)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"size must be a whole number >= 0, or several. Received: {size!r:.80}."
        ) from error
    return 2 * np.arcsin(np.sqrt(share))


def orthogonality_error(matrix: ArrayLike) -> float:
    """The mean square of an element of W'W - I; 0 if the columns are orthonormal.

    Small does not mean that W keeps lengths: the singular values of a random square
    matrix fill (0, 2), however large it is. Each element is near, their sum is not.

    Args:
        matrix: float, (M, N).
    """
    if np.ndim(matrix) != 2:
        raise ShapeError(
            f"The matrix must be (M, N). Received: shape {np.shape(matrix)}."
        )
    weights = points_of(matrix, "matrix")
    error = weights.T @ weights
    error[np.diag_indices_from(error)] -= 1
    return float((error**2).mean())


def expected_orthogonality_error(
    rows: int, columns: int, kurtosis: float = 3.0
) -> float:
    """The mean of `orthogonality_error` for independent elements of variance 1/M.

    Args:
        rows: M.
        columns: N.
        kurtosis: E[w^4] / E[w^2]^2: 3 for normal elements, 1.8 for uniform ones, 1 for
            random signs, the least there is.

    Returns:
        (N - 2 + kurtosis) / (M N). For a square matrix (N + 1) / N^2 if normal.

    Source: lesson 7180.
    """
    rows, columns = at_least("rows", rows, 1), at_least("columns", columns, 1)
    if not 1 <= real("kurtosis", kurtosis, "finite and >= 1") < np.inf:
        raise ConfigError(f"A kurtosis is finite and >= 1. Received: {kurtosis}.")
    return (columns - 2 + kurtosis) / (rows * columns)


def _angles(theta: ArrayLike) -> Floats:
    return finite(values_of(theta, "theta"), "theta").astype(np.float64)


def _plain(found: Any) -> Any:
    return found if np.ndim(found) else float(found)
