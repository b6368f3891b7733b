"""pad_rows."""

import numpy as np
import pytest

from kewen.data import pad_rows
from kewen.errors import ShapeError

ROWS = [
    {"token_ids": np.array([5], np.int32), "padding_mask": np.array([True])},
    {"token_ids": np.array([6, 7], np.int32), "padding_mask": np.array([True, True])},
]
FILL = {"token_ids": 9, "padding_mask": False}


@pytest.mark.parametrize(
    ("side", "ids"),
    [("right", [[5, 9, 9], [6, 7, 9]]), ("left", [[9, 9, 5], [9, 6, 7]])],
)
def test_rows_are_filled_on_the_side_asked_for(side, ids):
    padded = pad_rows(ROWS, 3, FILL, side)
    assert padded["token_ids"].tolist() == ids
    assert (padded["padding_mask"] == (padded["token_ids"] != 9)).all()


def test_dtypes_are_the_rows_own():
    padded = pad_rows(ROWS, 3, FILL)
    assert [a.dtype.name for a in padded.values()] == ["int32", "bool"]


def test_keys_without_a_fill_value_are_left_out():
    assert list(pad_rows(ROWS, 3, {"token_ids": 0})) == ["token_ids"]


def test_further_axes_are_kept():
    rows = [{"offsets": np.ones((2, 2), np.int32)}]
    assert pad_rows(rows, 4, {"offsets": 0})["offsets"].shape == (1, 4, 2)


def test_empty_rows_become_all_filling():
    rows = [{"token_ids": np.empty(0, np.int32)}]
    assert pad_rows(rows, 2, {"token_ids": 9})["token_ids"].tolist() == [[9, 9]]


@pytest.mark.parametrize(
    ("rows", "fill", "message"),
    [
        (ROWS, {"token_ids": 0, "segment_ids": 0}, "'segment_ids'"),
        ([], FILL, "at least one row"),
        ([{"token_ids": np.arange(4)}], {"token_ids": 0}, "at most 3"),
    ],
)
def test_rows_that_do_not_fit_are_a_shape_error(rows, fill, message):
    with pytest.raises(ShapeError, match=message):
        pad_rows(rows, 3, fill)
