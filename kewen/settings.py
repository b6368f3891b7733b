"""Numbers and seeds that a caller sets, made sound before anything is done with them.

With NumPy alone, so that whoever needs no more loads no more.
"""

from numbers import Real

import numpy as np

from kewen.errors import ConfigError

RandomState = int | np.random.Generator | np.random.RandomState | None


def generator(random_state: RandomState) -> np.random.Generator:
    """A generator: the one given, or a new one from a seed (None: from the system).

    NumPy's older kind of generator, which scikit-learn uses, gives a seed.
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            "random_state must be None, a seed >= 0 or a numpy.random.Generator. "
            f"Received: {random_state!r}."
        ) from error


def real(name: str, value: float, wanted: str) -> float:
    """A number that is real.

    Raises:
        ConfigError: if it is something else, or NaN.
    """
    if not isinstance(value, Real) or value != value:
        raise ConfigError(f"{name} must be {wanted}. Received: {value!r:.80}.")
    return float(value)


def at_least(name: str, value: int, least: int) -> int:
    """A count that is large enough.

    Raises:
        ConfigError: if it is not.
    """
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):  # also NaN and infinity
        whole = least - 1
    if whole < least or whole != value:
        raise ConfigError(
            f"{name} must be a whole number >= {least}. Received: {value!r}."
        )
    return whole
