"""`masks.causal`: a query sees itself and what came before it."""

import pytest
from keras import ops

from kewen import masks
from kewen.layers import AttentionMask


def as_rows(mask):
    """Every query's row as a string of 0 and 1, of the first matrix."""
    return ["".join(map(str, row)) for row in ops.convert_to_numpy(mask)[0].astype(int)]


def test_causal_mask_is_the_lower_triangle():
    assert as_rows(masks.causal(4)) == ["1000", "1100", "1110", "1111"]


def test_causal_mask_of_fewer_queries_than_keys_ends_at_the_last_key():
    assert as_rows(masks.causal(2, 5)) == ["11110", "11111"]


def test_causal_mask_of_one_query_with_a_cache_sees_every_key():
    assert as_rows(masks.causal(1, 3)) == ["111"]


@pytest.mark.parametrize("queries", [1, 2, 3])
def test_causal_mask_with_a_cache_is_the_end_of_the_whole_one(queries):
    assert as_rows(masks.causal(queries, 5)) == as_rows(masks.causal(5))[-queries:]


def test_causal_mask_lets_no_query_of_an_empty_text_look_anywhere():
    assert masks.causal(0).shape == (1, 0, 0)


def test_causal_layer_hides_padding_as_well():
    layer = AttentionMask("causal")
    is_token = ops.convert_to_tensor([[True, True, False]])
    assert as_rows(layer(is_token)) == ["100", "110", "110"]
