"""reverse_tokens: the tokens turn round, the pads stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from kewen.ops import reverse_tokens

ROW = st.lists(st.booleans(), min_size=6, max_size=6)


def reversed_rows(rows, mask):
    return ops.convert_to_numpy(reverse_tokens(ops.convert_to_tensor(rows), mask))


def by_numpy(rows, mask):
    rows = rows.copy()
    for row, is_token in zip(rows, mask, strict=True):
        row[is_token] = row[is_token][::-1]
    return rows


def test_the_example_of_the_lesson_with_a_zero_among_the_tokens():
    rows = np.array([[1, 0, 3, 4, 5, 0, 0, 0]])
    mask = np.arange(8)[None] < 5
    assert reversed_rows(rows, mask).tolist() == [[5, 4, 3, 0, 1, 0, 0, 0]]


@settings(deadline=None, max_examples=30)
@given(st.lists(ROW, min_size=3, max_size=3))
def test_any_padding_stays_where_it_is(mask):
    mask = np.array(mask)
    rows = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    once = reversed_rows(rows, mask)
    np.testing.assert_array_equal(once, by_numpy(rows, mask))
    np.testing.assert_array_equal(reversed_rows(once, mask), rows)


def test_a_batch_without_columns_stays_as_it_is():
    empty = np.zeros((2, 0, 3), "float32")
    assert reversed_rows(empty, np.zeros((2, 0), bool)).shape == (2, 0, 3)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 3), (2, 5, 3, 2)])
def test_further_axes_travel_along(shape):
    rows = np.arange(np.prod(shape)).reshape(shape)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1]], bool)
    np.testing.assert_array_equal(reversed_rows(rows, mask), by_numpy(rows, mask))
