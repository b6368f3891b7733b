"""What HSIC, CKA and MMD need to know of kernel matrices, tile by tile.

A kernel matrix of 20,000 points has 3.2 GB. All estimators here are functions of a few
sums over it, and a sum needs one tile at a time. The matrices are symmetric, so tiles
below the diagonal are not computed: each of the others counts twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kewen.errors import DataError
from kewen.stats.checking import Floats, Values
from kewen.stats.kernels import Kernel, Linear, evaluated

TILE = 512  # two tiles and what they are made from stay in a core's cache
KernelFunction = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class GramSums:
    """Sums over the kernel matrices K and L of two samples of the same n points."""

    kl: float  # of K * L, element by element
    kk: float
    ll: float
    k_rows: Floats  # (n,), of each row of K
    l_rows: Floats
    k_diagonal: Floats  # (n,)
    l_diagonal: Floats

    @property
    def n(self) -> int:
        """How many points there are."""
        return len(self.k_rows)

    def of_k_alone(self) -> "GramSums":
        """The sums of K with K."""
        rows, diagonal = self.k_rows, self.k_diagonal
        return GramSums(self.kk, self.kk, self.kk, rows, rows, diagonal, diagonal)

    def of_l_alone(self) -> "GramSums":
        """The sums of L with L."""
        rows, diagonal = self.l_rows, self.l_diagonal
        return GramSums(self.ll, self.ll, self.ll, rows, rows, diagonal, diagonal)


def gram_sums(
    x: Floats,
    y: Floats,
    kernel_x: KernelFunction,
    kernel_y: KernelFunction,
    tile: int = TILE,
) -> GramSums:
    """All sums that HSIC and CKA need, in O(n) memory beside the points.

    Args:
        x: (n, C).
        y: (n, D), of the same points.
        kernel_x: gives (N, M) for points (N, C) and (M, C).
        kernel_y: the same of y.
        tile: how many rows and columns of a matrix are computed at once.
    """
    x, y = _centered(x, kernel_x), _centered(y, kernel_y)
    narrow = x.shape[1] * y.shape[1] < len(x)
    if isinstance(kernel_x, Linear) and isinstance(kernel_y, Linear) and narrow:
        return _linear_sums(x, y)
    n = len(x)
    kl = kk = ll = 0.0
    rows, diagonals = np.zeros((2, n)), np.empty((2, n))
    for down, across in tiles(n, tile):
        pair = (
            symmetric(kernel_x, x, down, across),
            symmetric(kernel_y, y, down, across),
        )
        times = 1 if down == across else 2
        kl += times * inner(pair[0], pair[1])
        kk += times * inner(pair[0], pair[0])
        ll += times * inner(pair[1], pair[1])
        for which, matrix in enumerate(pair):
            rows[which, down] += matrix.sum(axis=1)
            if times == 2:
                rows[which, across] += matrix.sum(axis=0)
            else:
                diagonals[which, down] = matrix.diagonal()
    return GramSums(kl, kk, ll, *rows, *diagonals)


def _linear_sums(x: Floats, y: Floats) -> GramSums:
    """The same for two linear kernels, of the products of features: O(n C D)."""
    return GramSums(
        kl=float(((x.T @ y) ** 2).sum()),
        kk=float(((x.T @ x) ** 2).sum()),
        ll=float(((y.T @ y) ** 2).sum()),
        k_rows=x @ x.sum(axis=0),
        l_rows=y @ y.sum(axis=0),
        k_diagonal=(x * x).sum(axis=1),
        l_diagonal=(y * y).sum(axis=1),
    )


def quadratic_forms(
    points: Floats, kernel: KernelFunction, vectors: Values, tile: int = TILE
) -> tuple[Floats, Floats, Floats]:
    """v.Kv for many v in one pass over K; also K's row sums and its diagonal.

    Args:
        points: (n, C).
        kernel: gives (N, M) for points (N, C) and (M, C).
        vectors: (n, V), one a column; as float64 only as far as a tile needs them.
        tile: how many rows and columns of K are computed at once.
    """
    points, n = _centered(points, kernel), len(points)
    forms, rows, diagonal = np.zeros(vectors.shape[1]), np.zeros(n), np.empty(n)
    for down, across in tiles(n, tile):
        matrix = symmetric(kernel, points, down, across)
        times = 1 if down == across else 2
        met = matrix @ vectors[across].astype(np.float64)
        forms += times * np.einsum("ij,ij->j", vectors[down].astype(np.float64), met)
        rows[down] += matrix.sum(axis=1)
        if times == 2:
            rows[across] += matrix.sum(axis=0)
        else:
            diagonal[down] = matrix.diagonal()
    return forms, rows, diagonal


def inner(a: Floats, b: Floats) -> float:
    """The sum of a * b, in one thread: BLAS' many cost more than they save."""
    return float(np.einsum("ij,ij->", a, b))


def tiles(n: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of each tile on and above the diagonal of an (n, n) matrix."""
    places = [slice(start, min(start + tile, n)) for start in range(0, n, tile)]
    for index, down in enumerate(places):
        for across in places[index:]:
            yield down, across


def symmetric(
    kernel: KernelFunction, points: Floats, down: slice, across: slice
) -> Floats:
    """A tile; one on the diagonal shows whether the kernel is symmetric.

    Raises:
        DataError: if it is not.
    """
    matrix = evaluated(kernel, points[down], points[across])
    if down == across and not isinstance(kernel, Kernel):
        if not np.allclose(matrix, matrix.T):
            raise DataError(
                "A kernel must be symmetric: k(a, b) = k(b, a). Received: one that "
                f"differs by {np.abs(matrix - matrix.T).max():.3g}."
            )
    return matrix


def _centered(points: Floats, kernel: KernelFunction) -> Floats:
    """Points about their mean, if that changes nothing but rounding."""
    if isinstance(kernel, Kernel) and kernel.shift_invariant:
        return points - points.mean(axis=0)
    return points
