"""Loops that numba compiles if it is installed, and that run as they are if not.

Both ways do the same arithmetic in the same order. Import this late: numba takes a
second to import.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

try:
    import numba
except ImportError:
    numba = None


def called(function: Callable[..., Any]) -> Callable[..., Any]:
    """For what compiled loops call."""
    return function if numba is None else numba.njit(function)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """For loops over arrays, or named tuples of arrays, that they change in place.

    Compiled code is kept in `__pycache__` or, where that cannot be written, in the
    user's cache (`NUMBA_CACHE_DIR` names another place), so that it is made once.
    """
    if numba is None:
        return _on_lists(function)
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # neither place can be written
        return numba.njit(function)


def _on_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """Python reads and writes an element of a list several times as fast."""

    @wraps(function)
    def run(*arguments: Any) -> Any:
        pairs: list[tuple[np.ndarray, list[Any]]] = []
        answer = function(*(_listed(each, pairs) for each in arguments))
        for array, values in pairs:
            if array.flags.writeable:
                array[:] = values
        return answer

    return run


def _listed(value: Any, pairs: list[tuple[np.ndarray, list[Any]]]) -> Any:
    if isinstance(value, np.ndarray):
        for array, values in pairs:
            if array is value:
                return values
        pairs.append((value, value.tolist()))
        return pairs[-1][1]
    if isinstance(value, tuple):
        return type(value)(*(_listed(each, pairs) for each in value))
    return value
