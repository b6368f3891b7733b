"""Viterbi against every sequence of labels."""

import itertools

import numpy as np
import pytest
from keras import ops

from kewen.errors import ShapeError
from kewen.ops import viterbi

B, T, L = 7, 5, 3
RANDOM = np.random.default_rng(0)
SCORES = RANDOM.normal(size=(B, T, L)).astype("float32")
TRANSITIONS = RANDOM.normal(size=(L, L)).astype("float32")
# BIES-like: label 0 begins, label 2 ends; 1 never follows 2.
FORBIDDING = np.where([[0, 0, 0], [0, 0, 0], [0, 1, 0]], -np.inf, TRANSITIONS)
LENGTHS = np.array([5, 4, 3, 2, 1, 0, 5])
RIGHT = np.arange(T) < LENGTHS[:, None]
MASKS = {
    "all": np.ones((B, T), bool),
    "right": RIGHT,
    "left": RIGHT[:, ::-1],
    "anywhere": RANDOM.random((B, T)) < 0.6,
}
ENDS = {
    "free": (None, None),
    "scores": (RANDOM.normal(size=L), RANDOM.normal(size=L)),
    "allowed": (np.array([True, True, False]), np.array([False, True, True])),
}


def by_enumeration(scores, transitions, start, end):
    """The best labels of one text without padding, and their score."""
    if not len(scores):
        return (), 0.0
    start, end = (
        np.zeros(L) if e is None else np.where(e, 0, -np.inf) if e.dtype == bool else e
        for e in (start, end)
    )

    def total(labels):
        found = start[labels[0]] + end[labels[-1]]
        found += sum(scores[t, label] for t, label in enumerate(labels))
        return found + sum(transitions[pair] for pair in itertools.pairwise(labels))

    best = max(itertools.product(range(L), repeat=len(scores)), key=total)
    return best, total(best)


def numpy(pair):
    return tuple(np.array(ops.convert_to_numpy(each)) for each in pair)


@pytest.mark.parametrize("transitions", [TRANSITIONS, FORBIDDING], ids=["", "forbid"])
@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_labels_are_the_best_of_all(mask, ends, transitions):
    transitions = transitions.astype("float32")
    start, end = ends
    labels, sums = numpy(viterbi(SCORES, transitions, mask, start=start, end=end))
    assert labels.dtype == "int32"
    assert (labels[~mask] == -1).all()
    for row in range(B):
        best, total = by_enumeration(SCORES[row][mask[row]], transitions, start, end)
        assert tuple(labels[row][mask[row]].tolist()) == best
        assert sums[row] == pytest.approx(total, abs=1e-5)


def test_what_stands_in_the_padding_changes_nothing():
    for mask in MASKS.values():
        spoiled = np.where(mask[:, :, None], SCORES, 1e9).astype("float32")
        for one, other in zip(
            numpy(viterbi(SCORES, TRANSITIONS, mask)),
            numpy(viterbi(spoiled, TRANSITIONS, mask)),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


def test_without_a_mask_all_are_tokens():
    for one, other in zip(
        numpy(viterbi(SCORES, TRANSITIONS)),
        numpy(viterbi(SCORES, TRANSITIONS, MASKS["all"])),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_if_every_sequence_is_forbidden_the_sum_says_so():
    _, sums = numpy(viterbi(SCORES, TRANSITIONS, start=np.zeros(L, bool)))
    assert (sums == -np.inf).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"scores": SCORES[0]},
        {"transitions": TRANSITIONS[:2]},
        {"padding_mask": RIGHT[:, :4]},
        {"start": np.zeros(L + 1)},
        {"end": np.zeros((1, L))},
    ],
)
def test_shapes_that_do_not_fit_are_refused(bad):
    given = {"scores": SCORES, "transitions": TRANSITIONS, **bad}
    with pytest.raises(ShapeError, match="Received: scores"):
        viterbi(**given)


def test_whole_numbers_and_lists_are_scores_and_masks_too():
    scores, transitions = np.ones((1, 2, 2), int), [[0.1, 0.2], [0.9, 0.3]]
    labels, best = viterbi(scores, transitions, [[1, 1]], start=[True, False])
    assert ops.convert_to_numpy(labels).tolist() == [[0, 1]]
    assert float(best[0]) == pytest.approx(2.2)
    labels, best = viterbi(scores, transitions)
    assert ops.convert_to_numpy(labels).tolist() == [[1, 0]]


def test_texts_without_columns_have_no_labels():
    labels, best = viterbi(np.zeros((2, 0, 3), "float32"), np.zeros((3, 3)))
    assert tuple(labels.shape) == (2, 0)
    assert ops.convert_to_numpy(best).tolist() == [0, 0]
