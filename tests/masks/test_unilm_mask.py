"""`masks.unilm`: a source that sees itself, a target that sees backwards."""

import numpy as np
import pytest
from keras import ops

from kewen import masks
from kewen.errors import ShapeError


def unilm(segments, is_token=None):
    segments = np.array(segments, "int32")
    is_token = np.ones_like(segments) if is_token is None else np.array(is_token)
    mask = masks.unilm(
        ops.convert_to_tensor(segments), ops.convert_to_tensor(is_token.astype(bool))
    )
    return ops.convert_to_numpy(mask)


def as_rows(matrix):
    return ["".join(map(str, row)) for row in matrix.astype(int)]


def test_unilm_mask_is_the_lessons_matrix():
    # [CLS] 你想吃啥 [SEP] 白切鸡 [SEP]: six of the source, four of the target.
    assert as_rows(unilm([[0] * 6 + [1] * 4])[0]) == [
        *["1111110000"] * 6,
        "1111111000",
        "1111111100",
        "1111111110",
        "1111111111",
    ]


def test_unilm_mask_is_the_docstrings_example():
    assert as_rows(unilm([[0, 0, 1, 1]])[0]) == ["1100", "1100", "1110", "1111"]


def test_unilm_mask_without_target_is_bidirectional():
    assert unilm([[0, 0, 0]]).all()


def test_unilm_mask_without_source_is_causal():
    own = unilm([[1, 1, 1]])[0]
    assert (own == ops.convert_to_numpy(masks.causal(3))[0]).all()


def test_unilm_mask_hides_future_targets_from_source():
    assert not unilm([[0, 0, 1, 1]])[0, :2, 2:].any()


@pytest.mark.parametrize(
    ("segments", "is_token"),
    [
        ([[0, 0, 1, 1, 0, 0]], [[1, 1, 1, 1, 0, 0]]),  # at the end
        ([[0, 0, 0, 1, 1]], [[0, 1, 1, 1, 1]]),  # at the beginning
        ([[0, 0, 0, 1, 1]], [[1, 1, 0, 1, 1]]),  # between source and target
    ],
)
def test_unilm_mask_shows_padding_to_nobody(segments, is_token):
    is_pad = ~np.array(is_token[0], bool)
    assert not unilm(segments, is_token)[0][:, is_pad].any()


def test_unilm_mask_of_tokens_is_not_moved_by_padding_after_them():
    padded = unilm([[0, 0, 1, 1, 0, 0]], [[1, 1, 1, 1, 0, 0]])[0, :4, :4]
    assert (padded == unilm([[0, 0, 1, 1]])[0]).all()


def test_unilm_mask_treats_every_row_of_a_batch_for_itself():
    both = unilm([[0, 0, 1], [0, 1, 1]])
    assert as_rows(both[1]) == ["100", "110", "111"]


def test_unilm_mask_of_unequal_shapes_is_refused_with_both_shapes():
    with pytest.raises(
        ShapeError, match=r"segment_ids \(1, 3\), padding_mask \(1, 2\)"
    ):
        unilm([[0, 0, 1]], [[1, 1]])
