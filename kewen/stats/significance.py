"""The answer of a test, and p-values by permutation."""

from dataclasses import dataclass

import numpy as np

from kewen.stats.checking import Floats


@dataclass(frozen=True)
class Significance:
    """What a test of a null hypothesis says."""

    statistic: float
    pvalue: float  # chance of such a statistic or a larger one, if the hypothesis holds
    method: str  # how the chance was found


def permutation_pvalue(observed: float, permuted: Floats) -> float:
    """The share of statistics that are at least the observed one, itself among them.

    Counting it makes the test exact: of all arrangements each is as likely to be first.
    """
    # Equal arrangements may differ by rounding, and must count.
    slack = 1e-10 * max(abs(observed), float(np.abs(permuted).max()))
    reached = int((permuted >= observed - slack).sum())
    return (1 + reached) / (1 + len(permuted))
