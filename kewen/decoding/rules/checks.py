"""Numbers that a rule cannot work with are refused when the rule is made."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kewen.errors import ConfigError


def above(name: str, value: float, least: float, advice: str = "") -> None:
    """Raises ConfigError unless `least < value < inf`."""
    if not least < value < float("inf"):
        raise ConfigError(
            f"{name} must be above {least}, and finite. Received: {value!r}. {advice}"
        )


def between(name: str, value: float, least: float, most: float) -> None:
    """Raises ConfigError unless `least < value <= most`."""
    if not least < value <= most:
        raise ConfigError(
            f"{name} must be above {least} and at most {most}. Received: {value!r}."
        )


def is_finite(name: str, value: float) -> None:
    """Raises ConfigError if the value is nan or infinite."""
    if not -float("inf") < value < float("inf"):
        raise ConfigError(f"{name} must be a finite number. Received: {value!r}.")


def is_whole(name: str, value: int, least: int) -> None:
    """Raises ConfigError unless the value is an integer, at least `least`."""
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or value < least:
        raise ConfigError(
            f"{name} must be a whole number, at least {least}. Received: {value!r}."
        )


def ids_of(name: str, ids: Iterable[int]) -> np.ndarray:
    """The ids as an array, int32 (M,).

    Raises:
        ConfigError: if there is none, or one is below 0.
    """
    given: Any = np.asarray(list(ids))
    if given.ndim != 1 or not len(given) or given.dtype.kind not in "iu":
        raise ConfigError(
            f"{name} must be a list of token ids, one at least. Received: {ids!r}."
        )
    if given.min() < 0:
        raise ConfigError(f"Token ids begin at 0. Received in {name}: {given.min()}.")
    return given.astype("int32")


def rows_of(name: str, rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Lists of ids as one array, int32 (W, M), aligned right, -1 where none is.

    Raises:
        ConfigError: as `ids_of`, for each; or if there is no list.
    """
    lists = [ids_of(name, row) for row in rows]
    if not lists:
        raise ConfigError(f"{name} must hold one list of token ids at least.")
    padded = np.full((len(lists), max(map(len, lists))), -1, "int32")
    for row, ids in zip(padded, lists, strict=True):
        row[len(row) - len(ids) :] = ids
    return padded
