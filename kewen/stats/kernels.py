"""Kernels: how alike two points are, as an inner product of what they are mapped to.

HSIC and MMD are 0 for independent variables and equal laws, whatever the kernel; that
they are 0 *only* then needs a characteristic one, such as the Gaussian. With `Linear`
they see means and covariances, nothing else.

A kernel is any function of points (N, C) and (M, C) that gives (N, M). Those here may
have a bandwidth that is still to be found on the data: `fitted` finds it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy.spatial.distance import pdist

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.settings import at_least, real
from kewen.stats.checking import Floats

Bandwidth = float | Literal["median"]
MEDIAN_OF = 1_000  # points whose distances the median heuristic looks at


@dataclass(frozen=True)
class Kernel:
    """What the kernels of this file have in common."""

    # Constants added to all points change nothing in any HSIC or MMD.
    shift_invariant: ClassVar[bool] = True

    def fitted(self, points: Floats) -> Self:
        """The kernel with all that it needs to know of the data, (N, C)."""
        del points
        return self

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        raise TypeError(f"{type(self).__name__} is no kernel by itself.")


@dataclass(frozen=True)
class Scaled(Kernel):
    """A kernel of the distance of two points, measured in bandwidths."""

    bandwidth: Bandwidth = "median"

    def __post_init__(self) -> None:
        if isinstance(self.bandwidth, str) and self.bandwidth == "median":
            return
        wanted = "a positive number or 'median'"
        if not 0 < real("A bandwidth", self.bandwidth, wanted) < np.inf:  # type: ignore[arg-type]
            raise ConfigError(
                f"A bandwidth must be {wanted}. Received: {self.bandwidth!r}."
            )

    def fitted(self, points: Floats) -> Self:
        """With the median distance of the points as bandwidth, if it was left open."""
        if self.bandwidth != "median":
            return self
        return replace(self, bandwidth=median_distance(points))

    def scale(self) -> float:
        """The bandwidth, once it is a number."""
        if isinstance(self.bandwidth, str):
            raise ConfigError(
                "The bandwidth 'median' needs data. Call `kernel.fitted(points)` first."
            )
        return float(self.bandwidth)


class Gaussian(Scaled):
    """exp(-|x - y|^2 / (2 bandwidth^2)); characteristic.

    Lesson 6910 writes exp(-|x - y|^2 / s^2): its s is sqrt(2) bandwidths.
    """

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        found = squared_distances(x, y)
        found *= -0.5 / self.scale() ** 2
        return np.exp(found, out=found)


class Laplacian(Scaled):
    """exp(-|x - y| / bandwidth), of the Euclidean distance; characteristic."""

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        found = np.sqrt(squared_distances(x, y))
        found /= -self.scale()
        return np.exp(found, out=found)


class Linear(Kernel):
    """The inner product: HSIC is then the sum of squared covariances."""

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        return x @ y.T


@dataclass(frozen=True)
class Polynomial(Kernel):
    """(x.y + constant)^degree: moments up to the degree. Not characteristic."""

    shift_invariant: ClassVar[bool] = False
    degree: int = 2
    constant: float = 1.0

    def __post_init__(self) -> None:
        at_least("The degree", self.degree, 1)
        if not 0 <= real("The constant", self.constant, "a number >= 0") < np.inf:
            raise ConfigError(
                "A polynomial kernel needs a degree >= 1 and a constant >= 0. "
                f"Received: degree {self.degree}, constant {self.constant}."
            )

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        return (x @ y.T + self.constant) ** self.degree


class Delta(Kernel):
    """1 for equal points, else 0: for classes and counts; characteristic on those."""

    shift_invariant: ClassVar[bool] = False  # rounding could part equal points

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """(N, C) and (M, C) give (N, M)."""
        same = np.ones((len(x), len(y)), bool)
        for column in range(x.shape[1]):
            same &= x[:, None, column] == y[None, :, column]
        return same.astype(np.float64)


KERNELS: dict[str, type[Kernel]] = {
    "gaussian": Gaussian,
    "laplacian": Laplacian,
    "linear": Linear,
    "polynomial": Polynomial,
    "delta": Delta,
}
KernelLike = str | Kernel | Callable[[Any, Any], Any]


def kernel_of(given: KernelLike, points: Floats) -> Callable[[Any, Any], Any]:
    """The kernel of a name, or the one given, fitted to the points.

    Raises:
        ConfigError: if the name is unknown, or it is no function.
        DataError: if the median distance is asked for, and all points are equal.
    """
    if isinstance(given, str):
        if given not in KERNELS:
            raise ConfigError(
                f"The kernel must be one of {', '.join(KERNELS)}, or a function of two "
                f"arrays of points. Received: {given!r}."
            )
        given = KERNELS[given]()
    if isinstance(given, Kernel):
        return given.fitted(points)
    if not callable(given) or isinstance(given, type):
        raise ConfigError(
            "A kernel must be a name, an object of kewen.stats such as Gaussian(1.0), "
            f"or a function of two arrays of points. Received: {given!r}."
        )
    return given


def evaluated(kernel: Callable[[Any, Any], Any], x: Floats, y: Floats) -> Floats:
    """The kernel's matrix, once its shape and its values are sound."""
    found = np.asarray(kernel(x, y), np.float64)
    if found.shape != (len(x), len(y)):
        raise ShapeError(
            f"A kernel must give (N, M) = {(len(x), len(y))} for points {x.shape} and "
            f"{y.shape}. Received: {found.shape}."
        )
    if not np.isfinite(found).all():
        raise DataError(
            "A kernel must give finite numbers. Received: NaN or infinity. Scale the "
            "points down, or take another kernel."
        )
    return found


def median_distance(points: Floats) -> float:
    """The median of positive distances, of 1,000 of the points if there are more.

    Raises:
        DataError: if all points are equal.
    """
    if len(points) > MEDIAN_OF:
        chosen = np.random.default_rng(0).choice(len(points), MEDIAN_OF, replace=False)
        points = points[np.sort(chosen)]
    distances = pdist(points)
    distances = distances[distances > 0]
    if distances.size == 0:
        raise DataError(
            "The median distance of equal points is 0, and no bandwidth. Received: "
            f"{len(points)} equal points. A constant is independent of everything; to "
            "compute with it all the same, give a bandwidth: Gaussian(1.0)."
        )
    return float(np.median(distances))


def squared_distances(x: Floats, y: Floats) -> Floats:
    """(N, C) and (M, C) give (N, M); by a matrix product where C is more than 1."""
    if x.shape[1] == 1:
        away = x - y.T
        return np.multiply(away, away, out=away)
    center = y.mean(axis=0)  # the squares of far points would eat their distance
    x, y = x - center, y - center
    found = x @ y.T
    found *= -2
    found += (x * x).sum(axis=1)[:, None]
    found += (y * y).sum(axis=1)
    return np.maximum(found, 0, out=found)
