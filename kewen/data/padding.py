"""Rows of unequal length to one rectangle."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ShapeError

Row = Mapping[str, NDArray[Any]]  # what a tokenizer gives for one text


def pad_rows(
    rows: Sequence[Row],
    length: int,
    pad_values: Mapping[str, int | float | bool],
    side: Literal["left", "right"] = "right",
) -> dict[str, NDArray[Any]]:
    """Fill each row up to `length` and stack them, for the keys that have a pad value.

    Args:
        rows: B mappings of arrays (T, ...), T at most `length`, the same keys in each.
        length: T of the result.
        pad_values: what fills up, by key. Other keys of the rows are left out.
        side: where the filling goes.

    Returns:
        By key an array (B, length, ...) of the rows' own dtype.

    Raises:
        ShapeError: if a row is longer, or lacks a key.

    Example: rows `[5]` and `[5, 6]` to length 3 give `[[5, 0, 0], [5, 6, 0]]`.
    """
    if not rows:
        raise ShapeError("pad_rows must get at least one row. Received: none.")
    return {
        key: _pad([_array(row, key) for row in rows], length, value, side, key)
        for key, value in pad_values.items()
    }


def _array(row: Row, key: str) -> NDArray[Any]:
    if key not in row:
        raise ShapeError(
            f"Every row must have {key!r}, which pad_values names. Received a row with "
            f"{', '.join(row)}. Make all rows with the same tokenizer."
        )
    return np.asarray(row[key])


def _pad(
    arrays: Sequence[NDArray[Any]],
    length: int,
    value: int | float | bool,
    side: Literal["left", "right"],
    key: str,
) -> NDArray[Any]:
    first = arrays[0]
    out = np.full((len(arrays), length, *first.shape[1:]), value, first.dtype)
    for line, array in zip(out, arrays, strict=True):
        size = len(array)
        if size > length:
            raise ShapeError(
                f"Rows of {key} must have at most {length} items. Received: {size}. "
                "Truncate with the tokenizer's max_length."
            )
        line[length - size :] = array if side == "left" else line[length - size :]
        if side == "right":
            line[:size] = array
    return out
