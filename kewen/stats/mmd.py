"""MMD: how far two laws are apart, seen by a kernel; and the test of two samples."""

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import DataError, ShapeError
from kewen.settings import RandomState, at_least, generator
from kewen.stats.checking import Floats, Values, check_squares, points_of
from kewen.stats.gram import TILE, quadratic_forms
from kewen.stats.kernels import KernelLike, kernel_of
from kewen.stats.significance import Significance, permutation_pvalue


def mmd2(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: KernelLike = "gaussian",
    unbiased: bool = True,
    block_size: int = TILE,
) -> float:
    """The squared maximum mean discrepancy, E k(x, x') - 2 E k(x, y) + E k(y, y').

    Args:
        x: float, (N, C) or (N,).
        y: float, (M, C) or (M,), other points of the same kind.
        kernel: as in `hsic`; the median distance is that of both samples together.
        unbiased: pairs of a point with itself are left out, so the estimate is right on
            average and may be negative. Otherwise it is the distance of the samples,
            never negative, and for equal laws too large by (1 - e)(1 / N + 1 / M) on
            average, e = E[k], k(a, a) = 1.
        block_size: rows and columns of the kernel matrix in memory at once.

    Raises:
        ShapeError: if the points of x and y differ in width.
        DataError: if there are fewer than two points each (one, if biased), or
            something is not finite.
        ConfigError: if the kernel is unknown.
    Source: Gretton et al., 2012, lemma 6.
    """
    points, n = _pooled(x, y, fewest=2 if unbiased else 1)
    first = np.arange(len(points)) < n
    block_size = at_least("block_size", block_size, 1)
    return float(_of_splits(points, first[:, None], kernel, unbiased, block_size)[0])


def mmd_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: KernelLike = "gaussian",
    num_permutations: int = 999,
    block_size: int = TILE,
    random_state: RandomState = None,
) -> Significance:
    """Test whether two samples come from one law, by dealing the points out anew.

    The level is exact. All permutations together take one pass over the kernel matrix.

    Args:
        x: float, (N, C) or (N,), N >= 2.
        y: float, (M, C) or (M,), M >= 2.
        kernel: as in `hsic`; must be characteristic to see every difference.
        num_permutations: p-values are multiples of 1 / (num_permutations + 1).
        block_size: as in `mmd2`.
        random_state: of the permutations: None, a seed or a generator.

    Returns:
        statistic: the unbiased squared MMD. pvalue: small if the laws differ.

    Raises:
        ConfigError, DataError, ShapeError: as `mmd2`; if all points are equal.
    Source: Gretton et al., 2012.
    """
    points, n = _pooled(x, y, fewest=2)
    if (points == points[0]).all():
        raise DataError(
            "x and y are one and the same constant: there is nothing to test. "
            f"Received: {len(points)} points equal to {points[0].tolist()}."
        )
    num_permutations = at_least("num_permutations", num_permutations, 1)
    block_size = at_least("block_size", block_size, 1)
    splits = np.tile(np.arange(len(points)) < n, (num_permutations + 1, 1))
    generator(random_state).permuted(splits[1:], axis=1, out=splits[1:])
    found = _of_splits(points, splits.T, kernel, True, block_size)
    pvalue = permutation_pvalue(float(found[0]), found[1:])
    return Significance(float(found[0]), pvalue, "permutation")


def _of_splits(
    points: Floats, split: Values, kernel: KernelLike, unbiased: bool, block_size: int
) -> Floats:
    """Squared MMD of each way to split points into two samples.

    Args:
        points: (N + M, C).
        split: bool, (N + M, V). True where a point is of the first sample.
        kernel: as given.
        unbiased: as in `mmd2`.
        block_size: as in `mmd2`.
    """
    forms, rows, diagonal = quadratic_forms(
        points, kernel_of(kernel, points), split, block_size
    )
    n = int(split[:, 0].sum())
    m = len(points) - n
    # Sums of k over pairs of one point from each sample, then of two from the same.
    across = np.array([rows[first].sum() for first in split.T]) - forms
    within_x, within_y = forms, rows.sum() - forms - 2 * across
    if not unbiased:
        return within_x / n**2 + within_y / m**2 - 2 * across / (n * m)
    alone = np.array([diagonal[first].sum() for first in split.T])
    within_x, within_y = within_x - alone, within_y - (diagonal.sum() - alone)
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * across / (n * m)


def _pooled(x: ArrayLike, y: ArrayLike, *, fewest: int) -> tuple[Floats, int]:
    """Both samples, one after the other, and how many points the first has."""
    first, second = points_of(x, "x", fewest=fewest), points_of(y, "y", fewest=fewest)
    check_squares(first, "x")
    check_squares(second, "y")
    if first.shape[1] != second.shape[1]:
        raise ShapeError(
            "The points of x and y must have the same width. "
            f"Received: x {first.shape}, y {second.shape}."
        )
    return np.concatenate([first, second]), len(first)
