"""`masks.padding` and `masks.from_lengths`: nobody looks at padding."""

import numpy as np
import pytest
from keras import ops

from kewen import masks


def test_padding_mask_has_one_row_for_all_queries():
    mask = masks.padding(ops.convert_to_tensor([[True, True, False]]))
    assert ops.convert_to_numpy(mask).tolist() == [[[True, True, False]]]


@pytest.mark.parametrize("dtype", ["int32", "float32", "bool"])
def test_padding_mask_takes_zeros_and_ones_of_any_dtype(dtype):
    given = ops.convert_to_tensor(np.array([[1, 0]], dtype))
    assert ops.convert_to_numpy(masks.padding(given)).tolist() == [[[True, False]]]


def test_lengths_fill_rows_from_the_left():
    mask = masks.from_lengths(ops.convert_to_tensor([0, 2, 3]), 3)
    assert ops.convert_to_numpy(mask).astype(int).tolist() == [
        [0, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
    ]


def test_length_beyond_the_size_fills_the_row():
    mask = masks.from_lengths(ops.convert_to_tensor([9]), 2)
    assert ops.convert_to_numpy(mask).all()
