"""HSIC, a measure of dependence without densities, and CKA, its normalised form.

HSIC is the squared distance between what a kernel sees of the joint law of x and y and
of the product of their laws: MMD^2 between the two (a test writes both out). With
characteristic kernels it is 0 if and only if x and y are independent. Only that zero
has a meaning of its own; any other value depends on kernels and bandwidths.
"""

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import DataError
from kewen.settings import at_least
from kewen.stats.checking import paired_points
from kewen.stats.gram import TILE, GramSums, gram_sums
from kewen.stats.kernels import KernelLike, kernel_of

FEWEST = 4  # points that the unbiased estimate needs


def hsic(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel_x: KernelLike = "gaussian",
    kernel_y: KernelLike = "gaussian",
    unbiased: bool = True,
    block_size: int = TILE,
) -> float:
    """The Hilbert-Schmidt independence criterion of two samples of the same N points.

    Args:
        x: float, (N, C) or (N,).
        y: float, (N, D) or (N,).
        kernel_x: "gaussian", "laplacian" (bandwidth: the median distance), "linear",
            "polynomial", "delta"; one of those as an object with options, such as
            `Gaussian(0.5)`; or a function of points (N, C), (M, C) that gives (N, M).
        kernel_y: the same of y.
        unbiased: the estimate of Song et al., which is right on average, and so at
            times negative. Otherwise Tr(KJLJ) / N^2, J = I - 1/N: never negative, and
            under independence (1 - e_x)(1 - e_y)(N - 1) / N^2 on average, with e = E[k]
            of two different points and k(a, a) = 1. The lesson's division by (N - 1)^2
            changes this to (1 - e_x)(1 - e_y) / (N - 1): not unbiased either.
        block_size: rows and columns of the kernel matrices in memory at once.

    Raises:
        ShapeError: if x and y differ in length, or a kernel gives the wrong shape.
        DataError: if there are fewer than 4 points (2 if biased), if something is not
            finite, or if a bandwidth is to be found among equal points.
        ConfigError: if a kernel is unknown.
    Example: for standard normal x and y = x + 0.1 e, with `Gaussian(0.5**0.5)` for both
        (the lesson's sigma = 1), about 0.0945.
    Source: Gretton et al., 2005; Song et al., 2012; lesson 6910.
    """
    sums = sums_of(x, y, kernel_x, kernel_y, block_size, FEWEST if unbiased else 2)
    return unbiased_hsic(sums) if unbiased else biased_hsic(sums)


def cka(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel_x: KernelLike = "linear",
    kernel_y: KernelLike = "linear",
    debiased: bool = False,
    block_size: int = TILE,
) -> float:
    """Centred kernel alignment: HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)).

    1 for representations that are equal up to rotation, shift and scale (with linear
    kernels), whatever their widths.

    Args:
        x: float, (N, C) or (N,).
        y: float, (N, D) or (N,), of the same N inputs.
        kernel_x: as in `hsic`. Two linear kernels cost O(N C D), no kernel matrix.
        kernel_y: the same of y.
        debiased: of unbiased estimates. The plain form is far above 0 for independent
            features as soon as there are more of them than points.
        block_size: as in `hsic`.

    Raises:
        DataError: as `hsic`; if x or y is constant; if debiased, and the spread of x or
            y with itself is estimated as 0 or less.
    Source: Kornblith et al., 2019; debiased: Nguyen, Raghu & Kornblith, 2021.
    """
    sums = sums_of(x, y, kernel_x, kernel_y, block_size, FEWEST if debiased else 2)
    of = unbiased_hsic if debiased else biased_hsic
    alone = [of(sums.of_k_alone()), of(sums.of_l_alone())]
    for name, spread, scale in zip("xy", alone, (sums.kk, sums.ll), strict=True):
        # A constant leaves what rounding leaves of n^2 equal terms.
        if spread <= 1e-14 * scale / sums.n**2:
            raise DataError(
                f"CKA divides by the spread of {name}, which must be above 0. "
                f"Received: HSIC({name}, {name}) = {spread:.3g}. A constant is like "
                "nothing; a debiased spread can fall below 0 where points are few."
            )
    return of(sums) / float(np.sqrt(alone[0] * alone[1]))


def sums_of(
    x: ArrayLike,
    y: ArrayLike,
    kernel_x: KernelLike,
    kernel_y: KernelLike,
    block_size: int,
    fewest: int,
) -> GramSums:
    """The sums over both kernel matrices, once all input is sound."""
    first, second = paired_points(x, y, fewest=fewest)
    kernels = kernel_of(kernel_x, first), kernel_of(kernel_y, second)
    return gram_sums(first, second, *kernels, at_least("block_size", block_size, 1))


def biased_hsic(sums: GramSums) -> float:
    """Tr(KJLJ) / n^2, by sums alone."""
    n = sums.n
    k, l = sums.k_rows / n, sums.l_rows / n
    # About their means, so that no large numbers are subtracted from each other.
    k_mean, l_mean = k.mean(), l.mean()
    together = sums.kl / n**2 - k_mean * l_mean
    found = together - 2 * ((k - k_mean) * (l - l_mean)).mean()
    return max(0.0, float(found))  # rounding alone may go below


def unbiased_hsic(sums: GramSums) -> float:
    """Song et al., equation 5: K and L without their diagonals."""
    n = sums.n
    k, l = sums.k_rows - sums.k_diagonal, sums.l_rows - sums.l_diagonal
    trace = sums.kl - sums.k_diagonal @ sums.l_diagonal
    product = k.sum() * l.sum() / ((n - 1) * (n - 2))
    return float((trace + product - 2 * (k @ l) / (n - 2)) / (n * (n - 3)))
