"""Is y independent of x? A test by HSIC.

If it is, any pairing of the xs with the ys is as likely as the one observed, whatever
their laws are. The permutation test draws such pairings. The gamma test takes mean and
variance over all n! of them, which have closed forms, and a gamma law with these.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import gamma

from kewen.errors import ConfigError, DataError
from kewen.settings import RandomState, at_least, generator
from kewen.stats.checking import Floats, paired_points
from kewen.stats.gram import (
    TILE,
    GramSums,
    KernelFunction,
    gram_sums,
    inner,
    symmetric,
    tiles,
)
from kewen.stats.hsic import FEWEST, biased_hsic
from kewen.stats.kernels import KernelLike, evaluated, kernel_of
from kewen.stats.significance import Significance, permutation_pvalue

PERMUTE_UP_TO = 1_000  # points, if nobody chooses the method
IN_MEMORY_UP_TO = 4_096  # points whose kernel matrix is kept, 134 MB


def hsic_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel_x: KernelLike = "gaussian",
    kernel_y: KernelLike = "gaussian",
    method: Literal["auto", "permutation", "gamma"] = "auto",
    num_permutations: int = 999,
    block_size: int = TILE,
    random_state: RandomState = None,
) -> Significance:
    """Test whether x and y are independent, whatever their laws and dimensions.

    Args:
        x: float, (N, C) or (N,), N >= 4: independent draws, not a series in time.
        y: float, (N, D) or (N,).
        kernel_x: as in `hsic`; must be characteristic to see every dependence.
        kernel_y: the same of y.
        method: "permutation" keeps the level exactly, and costs one HSIC a permutation.
            "gamma" costs one HSIC in all, and keeps the level nearly (see
            `python -m benchmarks.hsic_test`). "auto" permutes up to 1,000 points.
        num_permutations: p-values are multiples of 1 / (num_permutations + 1).
        block_size: as in `hsic`.
        random_state: of the permutations: None, a seed or a generator.

    Returns:
        statistic: N times the biased HSIC. pvalue: small if x and y depend.

    Raises:
        DataError: as `hsic`; if x or y is constant, which leaves nothing to test.
        ConfigError, ShapeError: as `hsic`.
    Source: Gretton et al., 2008. Their gamma law has asymptotic moments; these are
    exact
        (Kazi-Aoual et al., 1995).
    """
    if method not in ("auto", "permutation", "gamma"):
        raise ConfigError(
            "The method must be 'auto', 'permutation' or 'gamma'. "
            f"Received: {method!r}."
        )
    at_least("num_permutations", num_permutations, 1)
    block_size = at_least("block_size", block_size, 1)
    first, second = paired_points(x, y, fewest=FEWEST)
    for name, points in (("x", first), ("y", second)):
        if (points == points[0]).all():
            raise DataError(
                f"{name} is constant, and a constant is independent of everything: "
                f"there is nothing to test. Received: {len(points)} points equal to "
                f"{points[0].tolist()}."
            )
    if method == "auto":
        method = "permutation" if len(first) <= PERMUTE_UP_TO else "gamma"
    kernels = kernel_of(kernel_x, first), kernel_of(kernel_y, second)
    sums = gram_sums(first, second, *kernels, block_size)
    statistic = sums.n * biased_hsic(sums)
    if method == "gamma":
        return Significance(statistic, gamma_pvalue(sums), method)
    orders = generator(random_state).permuted(
        np.tile(np.arange(sums.n), (num_permutations, 1)), axis=1
    )
    permuted = permuted_traces(first, second, *kernels, orders, block_size)
    # Rows of K meet rows of L anew; K and L themselves stay.
    meeting = 2 / sums.n * np.array([sums.k_rows @ sums.l_rows[o] for o in orders])
    observed = float(sums.kl - 2 / sums.n * (sums.k_rows @ sums.l_rows))
    pvalue = permutation_pvalue(observed, permuted - meeting)
    return Significance(statistic, pvalue, method)


def permuted_traces(
    x: Floats,
    y: Floats,
    kernel_x: KernelFunction,
    kernel_y: KernelFunction,
    orders: Floats,
    block_size: int = TILE,
) -> Floats:
    """The sum of K * L with the rows and columns of L in each of the orders.

    Each tile of K is computed once. L is kept whole if that is no more than 134 MB,
    else its tiles are computed anew for each order.
    """
    n, found = len(x), np.zeros(len(orders))
    kept = evaluated(kernel_y, y, y) if n <= IN_MEMORY_UP_TO else None
    for down, across in tiles(n, block_size):
        matrix = symmetric(kernel_x, x, down, across)
        times = 1 if down == across else 2
        for index, order in enumerate(orders):
            rows, columns = order[down], order[across]
            if kept is None:
                other = evaluated(kernel_y, y[rows], y[columns])
            else:
                other = kept[rows[:, None], columns]
            found[index] += times * inner(matrix, other)
    return found


def permutation_moments(sums: GramSums) -> tuple[float, float]:
    """Mean and variance of N^2 times the biased HSIC over all N! pairings; N >= 4."""
    n = sums.n
    k_trace, k_squares, k_fourth = _centered_sums(sums.k_rows, sums.k_diagonal, sums.kk)
    l_trace, l_squares, l_fourth = _centered_sums(sums.l_rows, sums.l_diagonal, sums.ll)
    mean = k_trace * l_trace / (n - 1)
    off_k = (n - 1) * k_squares - k_trace**2
    off_l = (n - 1) * l_squares - l_trace**2
    on_k = n * (n + 1) * k_fourth - (n - 1) * (k_trace**2 + 2 * k_squares)
    on_l = n * (n + 1) * l_fourth - (n - 1) * (l_trace**2 + 2 * l_squares)
    variance = 2 * off_k * off_l / ((n - 1) ** 2 * (n + 1) * (n - 2))
    variance += on_k * on_l / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    return mean, variance


def gamma_pvalue(sums: GramSums) -> float:
    """The tail of the gamma law that has the moments of all pairings."""
    mean, variance = permutation_moments(sums)
    if not variance > 1e-14 * mean**2:
        raise DataError(
            "All pairings of x and y give the same HSIC, so there is nothing to test. "
            "Received: kernels that cannot tell the points apart. Change the bandwidth."
        )
    statistic = sums.n**2 * biased_hsic(sums)
    return float(gamma.sf(statistic, mean**2 / variance, scale=variance / mean))


def _centered_sums(
    rows: Floats, diagonal: Floats, squares: float
) -> tuple[float, float, float]:
    """Trace, sum of squares and sum of squared diagonal of JKJ, from sums of K."""
    n = len(rows)
    means = rows / n
    whole = means.mean()
    centered = diagonal - 2 * means + whole
    off = squares - 2 * n * (means @ means) + n**2 * whole**2
    return float(centered.sum()), float(off), float(centered @ centered)
