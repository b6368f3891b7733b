"""Every score against a count by hand over small random answers."""

import json

import numpy as np
import pytest

from kewen.errors import DataError, ShapeError
from kewen.metrics import (
    accuracy,
    classification_scores,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)

CASES = [(seed, classes) for seed in range(8) for classes in (1, 2, 3, 5)]


def answers(seed, classes, size=30):
    rng = np.random.default_rng(seed)
    # The last class is rare, so that empty rows and columns occur.
    odds = np.array([4.0] * (classes - 1) + [0.2])
    return rng.choice(classes, (2, size), p=odds / odds.sum())


def f1_by_hand(labels, predictions, name):
    pairs = list(zip(labels, predictions, strict=True))
    hits = sum(t == p == name for t, p in pairs)
    false_alarms = sum(p == name != t for t, p in pairs)
    misses = sum(t == name != p for t, p in pairs)
    precision = hits / (hits + false_alarms) if hits + false_alarms else 0.0
    recall = hits / (hits + misses) if hits + misses else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


@pytest.mark.parametrize(("seed", "classes"), CASES)
def test_confusion_counts_every_pair(seed, classes):
    labels, predictions = answers(seed, classes)
    expected = np.zeros((classes, classes), int)
    for truth, said in zip(labels, predictions, strict=True):
        expected[truth, said] += 1
    np.testing.assert_array_equal(
        confusion_matrix(labels, predictions, classes), expected
    )


@pytest.mark.parametrize(("seed", "classes"), CASES)
def test_class_scores_equal_counting_by_hand(seed, classes):
    labels, predictions = answers(seed, classes)
    ours = precision_recall_f1(confusion_matrix(labels, predictions, classes))
    expected = [f1_by_hand(labels, predictions, name) for name in range(classes)]
    np.testing.assert_allclose(np.stack(ours, axis=1), expected, atol=1e-12)


@pytest.mark.parametrize(("seed", "classes"), CASES)
def test_macro_f1_is_the_mean_over_classes_that_occur(seed, classes):
    labels, predictions = answers(seed, classes)
    occurring = sorted({*labels.tolist(), *predictions.tolist()})
    expected = np.mean([f1_by_hand(labels, predictions, c)[2] for c in occurring])
    confusion = confusion_matrix(labels, predictions, classes)
    assert macro_f1(confusion) == pytest.approx(expected)


def test_macro_f1_counts_a_class_that_is_never_predicted_as_zero():
    assert macro_f1(confusion_matrix([0, 0, 1], [0, 0, 0], 2)) == pytest.approx(0.4)


def test_macro_f1_leaves_out_a_class_without_truth_and_prediction():
    assert macro_f1(confusion_matrix([0, 1], [0, 1], 3)) == 1.0


def test_accuracy_is_the_share_of_equal_pairs():
    labels, predictions = answers(3, 4)
    confusion = confusion_matrix(labels, predictions, 4)
    assert accuracy(confusion) == pytest.approx(np.mean(labels == predictions))


def test_no_examples_is_an_error_that_names_the_test_file():
    with pytest.raises(DataError, match="at least one example"):
        classification_scores([], [], 3)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_class_number_out_of_range_is_named_with_its_position(wrong):
    with pytest.raises(DataError, match=rf"labels must lie .*{wrong} at position 1"):
        confusion_matrix([0, wrong], [0, 1], 3)


def test_scores_instead_of_class_numbers_are_refused():
    with pytest.raises(DataError, match="predictions must be whole class numbers"):
        confusion_matrix([0, 1], [0.2, 0.8], 2)


def test_arrays_of_different_length_are_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"labels \(2,\), predictions \(3,\)"):
        confusion_matrix([0, 1], [0, 1, 1], 2)


def test_table_shows_a_row_for_each_class_with_its_counts():
    lines = classification_scores([0, 0, 1], [0, 1, 1], 2).table(["neg", "pos"])
    assert lines.splitlines() == [
        "class  precision  recall     f1  texts",
        "neg        1.000   0.500  0.667      2",
        "pos        0.500   1.000  0.667      1",
        "",
        "truth \\ prediction  neg  pos",
        "neg                   1    1",
        "pos                   0    1",
    ]


def test_table_refuses_a_wrong_number_of_label_names():
    with pytest.raises(ShapeError, match="Received: 3 names"):
        classification_scores([0, 1], [0, 1], 2).table(["a", "b", "c"])


def test_scores_as_a_dict_survive_json():
    scores = classification_scores([0, 0, 1], [0, 1, 1], 2).to_dict(["差", "好"])
    assert json.loads(json.dumps(scores)) == scores
    assert scores["per_class"]["差"]["support"] == 2
