"""Estimators, dependence and chance, on NumPy and SciPy alone."""

from kewen.stats.bias import Bias, Discrete, bias_of
from kewen.stats.hsic import cka, hsic
from kewen.stats.independence import hsic_test
from kewen.stats.k_statistics import k_statistic
from kewen.stats.kernels import Delta, Gaussian, Laplacian, Linear, Polynomial
from kewen.stats.mmd import mmd2, mmd_test
from kewen.stats.moments import covariance, mean, std, variance
from kewen.stats.moving_average import DebiasedEMA, debias_ema
from kewen.stats.random_angles import (
    expected_orthogonality_error,
    orthogonality_error,
    random_angle_cdf,
    random_angle_cumulant,
    random_angle_pdf,
    random_angle_tail,
    random_angle_variance,
    random_angles,
)
from kewen.stats.resampling import Bootstrap, Jackknife, bootstrap, jackknife
from kewen.stats.running import RunningMoments
from kewen.stats.significance import Significance
from kewen.stats.u_statistics import u_statistic

__all__ = [
    "Bias",
    "Bootstrap",
    "DebiasedEMA",
    "Delta",
    "Discrete",
    "Gaussian",
    "Jackknife",
    "Laplacian",
    "Linear",
    "Polynomial",
    "RunningMoments",
    "Significance",
    "bias_of",
    "bootstrap",
    "cka",
    "covariance",
    "debias_ema",
    "expected_orthogonality_error",
    "hsic",
    "hsic_test",
    "jackknife",
    "k_statistic",
    "mean",
    "mmd2",
    "mmd_test",
    "orthogonality_error",
    "random_angle_cdf",
    "random_angle_cumulant",
    "random_angle_pdf",
    "random_angle_tail",
    "random_angle_variance",
    "random_angles",
    "std",
    "u_statistic",
    "variance",
]
