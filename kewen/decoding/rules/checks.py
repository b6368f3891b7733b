"""Numbers that a rule cannot work with are refused when the rule is made."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from kewen.errors import ConfigError

MOST_COUNTED = 2**31 - 1  # what tensors of int32 hold
MOST_SEED = 2**64 - 1
MOST_FLOAT = float(np.finfo("float32").max)
LEAST_FLOAT = float(np.finfo("float32").tiny)  # above 0; most devices flush less to 0


def above(name: str, value: float, least: float, advice: str = "") -> None:
    """Raises ConfigError unless the value is above `least`, and finite in float32."""
    if not _is_number(value) or not least < value <= MOST_FLOAT:
        raise ConfigError(
            f"{name} must be above {least}, and finite. Received: {value!r}. {advice}"
        )


def between(name: str, value: float, least: float, most: float) -> None:
    """Raises ConfigError unless `least < value <= most`."""
    if not _is_number(value) or not least < value <= most:
        raise ConfigError(
            f"{name} must be above {least} and at most {most}. Received: {value!r}."
        )


def is_finite(name: str, value: float) -> None:
    """Raises ConfigError if the value is no number, or not finite in float32."""
    if not _is_number(value) or not -MOST_FLOAT <= value <= MOST_FLOAT:
        raise ConfigError(f"{name} must be a finite number. Received: {value!r}.")


def is_whole(name: str, value: int, least: int, most: int = MOST_COUNTED) -> None:
    """Raises ConfigError unless the value is an integer, `least <= value <= most`."""
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or not least <= value <= most:
        raise ConfigError(
            f"{name} must be a whole number from {least} to {most}. "
            f"Received: {value!r}."
        )


def is_bool(name: str, value: bool) -> None:
    """Raises ConfigError unless the value is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ConfigError(f"{name} must be True or False. Received: {value!r}.")


def ids_of(name: str, ids: Iterable[int]) -> np.ndarray:
    """The ids as an array, int32 (M,).

    Raises:
        ConfigError: if there is none, or one is below 0.
    """
    try:
        given: Any = np.asarray(list(ids))
    except (TypeError, ValueError):  # no list, or lists of unequal lengths in it
        given = np.empty(0)
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
    lists = [ids_of(name, row) for row in rows] if isinstance(rows, Iterable) else []
    if not lists:
        raise ConfigError(
            f"{name} must be a list of lists of token ids. Received: {rows!r}."
        )
    padded = np.full((len(lists), max(map(len, lists))), -1, "int32")
    for row, ids in zip(padded, lists, strict=True):
        row[len(row) - len(ids) :] = ids
    return padded


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
