"""Windows of attention, written out."""

import numpy as np
import pytest
from keras import ops

from kewen import masks


def rows(mask):
    return ["".join("01"[int(each)] for each in row) for row in np.asarray(mask)[0]]


def test_band_is_symmetric_around_each_query():
    assert rows(masks.band(4, 1, 1)) == ["1100", "1110", "0111", "0011"]


def test_causal_band_holds_as_many_tokens_as_the_window():
    assert rows(masks.band(4, 2, 0)) == ["1000", "1100", "1110", "0111"]


def test_last_query_stands_at_the_last_key():
    assert rows(masks.band(2, 1, 0, key_length=4)) == ["0110", "0011"]


@pytest.mark.parametrize("length", [1, 2, 7])
def test_band_as_wide_as_the_text_is_no_band(length):
    assert ops.convert_to_numpy(masks.band(length, length, length)).all()
