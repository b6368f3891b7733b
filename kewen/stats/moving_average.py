"""Exponential moving averages that are right from the first step.

An average that starts at 0 and moves by (1 - decay) is too small at first: after t
steps its weights sum to 1 - decay^t, not to 1. Dividing by that sum is Adam's
correction.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from kewen.errors import ConfigError, DataError, ShapeError
from kewen.settings import at_least, real
from kewen.stats.checking import Floats, finite, values_of


def debias_ema(average: ArrayLike, decay: float, t: int) -> Any:
    """What a moving average that started at 0 is after t steps, without its bias.

    Args:
        average: v after t steps of `v = decay * v + (1 - decay) * x`.
        decay: in [0, 1).
        t: how many steps were made, >= 1.

    Raises:
        ConfigError: if decay or t are out of range.
        DataError: if the average is not finite.
    Example: a constant c gives c at every t.
    Source: Kingma & Ba, 2015, section 3.
    """
    decay, t = _decay(decay), at_least("t", t, 1)
    # 1 - decay^t, without losing all digits where decay is near 1.
    share = -np.expm1(t * np.log(decay)) if decay > 0 else 1.0
    return finite(values_of(average, "average"), "average") / share


class DebiasedEMA:
    """An exponential moving average; each value may have a weight of its own.

    After `partial_fit`: `mean_`, the average of all values so far with weights that
    decay into the past, and `weight_`, what their weights have sunk to.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.weight_: float = 0.0
        self._sum: Any = None

    def partial_fit(self, x: ArrayLike, weight: float = 1.0) -> Self:
        """Count one value, a number or an array.

        Args:
            x: of the shape of those before.
            weight: how much it counts; 0 only lets the past decay.

        Raises:
            ConfigError: if the decay is not in [0, 1).
            DataError: if x is not finite, or the weight negative or not finite.
            ShapeError: if x has another shape than those before.
        """
        decay = _decay(self.decay)
        if not 0 <= weight < np.inf:
            raise DataError(f"A weight must be finite and >= 0. Received: {weight}.")
        value = finite(values_of(x)).astype(np.float64)
        if self._sum is not None and value.shape != self._sum.shape:
            raise ShapeError(
                f"Values must have one shape. Received: {value.shape} after "
                f"{self._sum.shape}."
            )
        before = 0.0 if self._sum is None else decay * self._sum
        self._sum = before + (1 - decay) * weight * value
        self.weight_ = decay * self.weight_ + (1 - decay) * weight
        return self

    @property
    def mean_(self) -> Floats:
        """The average; a constant stays that constant at every step."""
        if self.weight_ == 0:
            raise DataError(
                "No value of weight above 0 was counted yet. Call partial_fit first."
            )
        return self._sum / self.weight_


def _decay(decay: float) -> float:
    decay = real("decay", decay, "a number in [0, 1)")
    if not 0 <= decay < 1:
        raise ConfigError(f"decay must be in [0, 1). Received: {decay}.")
    return decay
