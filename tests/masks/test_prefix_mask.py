"""The mask of a prefix LM, written out, and beside UniLM's."""

import numpy as np

from kewen import masks


def rows(mask):
    return ["".join(str(int(cell)) for cell in row) for row in np.asarray(mask)]


def test_prefix_is_seen_by_all_and_the_rest_backwards():
    # [CLS] and four characters and [SEP], then three and [SEP]: lesson 6933's example.
    mask = masks.prefix(np.array([6]), np.ones((1, 10), bool))
    wanted = ["1111110000"] * 6
    wanted += ["1111111000", "1111111100", "1111111110", "1111111111"]
    assert rows(mask[0]) == wanted


def test_prefix_is_unilm_said_by_lengths():
    lengths, sizes = np.array([2, 0, 5, 3]), np.array([5, 4, 5, 3])
    is_token = np.arange(5) < sizes[:, None]
    segments = (np.arange(5) >= lengths[:, None]) & is_token
    want = np.asarray(masks.unilm(segments.astype("int32"), is_token))
    got = np.asarray(masks.prefix(lengths, is_token))
    # What padding looks at is of no account.
    assert (got[is_token] == want[is_token]).all()
