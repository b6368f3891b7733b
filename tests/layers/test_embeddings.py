"""Tokens, segments and positions as vectors."""

import numpy as np
import pytest
from keras import ops

from kewen.errors import ShapeError
from kewen.layers import (
    LearnedPositions,
    PositionsAfterPadding,
    SegmentEmbedding,
    TokenEmbedding,
)

RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(size=(2, 4, 3)).astype("float32")
TABLE = RNG.normal(size=(6, 3)).astype("float32")


def with_table(layer, table=TABLE):
    layer.build((2, 4, 3))
    layer.embeddings.assign(table)
    return layer


def run(layer, *arrays, **options):
    return ops.convert_to_numpy(layer(*map(ops.convert_to_tensor, arrays), **options))


def test_positions_count_from_zero_where_none_are_given():
    got = run(with_table(LearnedPositions(6)), HIDDEN)
    np.testing.assert_allclose(got, HIDDEN + TABLE[:4], atol=1e-6)


def test_positions_are_looked_up_where_they_are_given():
    ids = np.array([[3, 2, 1, 0], [5, 5, 5, 5]], "int32")
    got = run(with_table(LearnedPositions(6)), HIDDEN, ids)
    np.testing.assert_allclose(got, HIDDEN + TABLE[ids], atol=1e-6)


def test_text_longer_than_the_position_table_is_refused_with_both_lengths():
    layer = with_table(LearnedPositions(3), TABLE[:3])
    with pytest.raises(ShapeError, match=r"at most 3 tokens.*Received: 4"):
        run(layer, HIDDEN)


def numbered(ids, pad_id=1):
    return run(PositionsAfterPadding(pad_id), np.array(ids, "int32")).tolist()


def test_text_longer_than_its_numbering_reaches_is_refused_with_both_lengths():
    with pytest.raises(ShapeError, match=r"at most 3 tokens.*Received: 4"):
        PositionsAfterPadding(1, longest_text=3)(np.ones((1, 4), "int32"))


def test_given_positions_may_repeat_in_a_text_longer_than_the_table():
    ids = np.array([[0, 1, 2, 0]] * 2, "int32")
    got = run(with_table(LearnedPositions(3), TABLE[:3]), HIDDEN, ids)
    np.testing.assert_allclose(got, HIDDEN + TABLE[ids], atol=1e-6)


def test_numbering_starts_above_the_pad_id():
    assert numbered([[7, 8, 9]]) == [[2, 3, 4]]


def test_numbering_gives_padding_the_pad_id():
    assert numbered([[7, 8, 1, 1]]) == [[2, 3, 1, 1]]


def test_numbering_of_tokens_is_not_moved_by_left_padding():
    assert numbered([[1, 1, 7, 8]]) == [[1, 1, 2, 3]]


def test_numbering_skips_padding_in_the_middle():
    assert numbered([[7, 1, 8]]) == [[2, 1, 3]]


def test_numbering_follows_another_pad_id():
    assert numbered([[5, 6, 0]], pad_id=0) == [[1, 2, 0]]


def test_segments_are_looked_up():
    ids = np.array([[0, 0, 1, 1], [1, 0, 1, 0]], "int32")
    got = run(with_table(SegmentEmbedding(2), TABLE[:2]), HIDDEN, ids)
    np.testing.assert_allclose(got, HIDDEN + TABLE[ids], atol=1e-6)


def test_missing_segments_are_segment_zero():
    got = run(with_table(SegmentEmbedding(2), TABLE[:2]), HIDDEN)
    np.testing.assert_allclose(got, HIDDEN + TABLE[0], atol=1e-6)


@pytest.fixture(scope="module")
def tokens():
    return with_table(TokenEmbedding(6, 3))


def test_tokens_are_looked_up(tokens):
    ids = np.array([[0, 5, 2]], "int32")
    np.testing.assert_array_equal(run(tokens, ids), TABLE[ids])


def test_reversed_tokens_are_products_with_the_same_table(tokens):
    got = run(tokens, HIDDEN, reverse=True)
    np.testing.assert_allclose(got, HIDDEN @ TABLE.T, rtol=1e-5, atol=1e-5)


def test_tied_table_is_one_weight(tokens):
    assert len(tokens.weights) == 1
