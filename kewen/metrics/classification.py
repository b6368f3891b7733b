"""Scores of a classifier, all read off one table: the confusion matrix.

Truth and prediction meet once, in `confusion_matrix`; whatever comes after is a
formula over its L rows (the truth) and L columns (the prediction).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kewen.errors import DataError, ShapeError
from kewen.metrics.text_table import text_table

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, num_classes: int
) -> Counts:
    """Count how often each true class was given each name.

    Args:
        labels: int, (N,). The truth, in [0, num_classes).
        predictions: int, (N,). What the model said, in the same range.
        num_classes: L.

    Returns:
        int64, (L, L). `[t, p]` counts the examples of class t that were called p.

    Raises:
        ShapeError: if the two differ in length.
        DataError: if a class number is no whole number or out of range.
    Example: labels `[0, 0, 1]`, predictions `[0, 1, 1]` give `[[1, 1], [0, 1]]`.
    """
    truth, said = np.asarray(labels), np.asarray(predictions)
    if truth.ndim != 1 or truth.shape != said.shape:
        raise ShapeError(
            "labels and predictions must both be (N,), one class number an example. "
            f"Received: labels {truth.shape}, predictions {said.shape}. Take the "
            "argmax of scores of shape (N, L) over their last axis first."
        )
    truth = _class_numbers("labels", truth, num_classes)
    said = _class_numbers("predictions", said, num_classes)
    cells = np.bincount(truth * num_classes + said, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes).astype(np.int64)


def accuracy(confusion: Counts) -> float:
    """Share of examples on the diagonal of a confusion matrix (L, L)."""
    return float(np.trace(confusion) / _num_examples(confusion))


def precision_recall_f1(confusion: Counts) -> tuple[Shares, Shares, Shares]:
    """Precision, recall and their harmonic mean, class by class.

    A share of nothing is 0: the precision of a class that was never predicted, the
    recall of a class without examples. (scikit-learn's `zero_division=0`.)

    Args:
        confusion: int, (L, L), rows truth, columns prediction.

    Returns:
        three float64 arrays, (L,).
    """
    confusion = np.asarray(confusion)
    hits = np.diagonal(confusion)
    true_count, said_count = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = _share(hits, said_count)
    recall = _share(hits, true_count)
    f1 = _share(2 * hits, true_count + said_count)
    return precision, recall, f1


def macro_f1(confusion: Counts) -> float:
    """Mean F1 over the classes that occur, as truth or as prediction.

    A class with examples that are all missed, or predictions that are all wrong,
    counts as 0. A class with neither says nothing about the model and is left out:
    scikit-learn's `f1_score(..., average="macro", zero_division=0)` does the same.

    Args:
        confusion: int, (L, L), rows truth, columns prediction.
    """
    _num_examples(confusion)
    occurs = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    return float(precision_recall_f1(confusion)[2][occurs].mean())


@dataclass(frozen=True, eq=False)
class ClassificationScores:
    """Everything that a test set says about a classifier of L classes."""

    accuracy: float  # share of right answers
    macro_f1: float  # mean F1 of the classes that occur
    precision: Shares  # (L,)
    recall: Shares  # (L,)
    f1: Shares  # (L,)
    confusion: Counts  # (L, L), rows truth, columns prediction

    @property
    def support(self) -> Counts:
        """How many examples each class has, (L,)."""
        return self.confusion.sum(axis=1)

    def table(self, labels: Sequence[str]) -> str:
        """Per-class scores and the confusion matrix as plain aligned text."""
        labels = checked_labels(labels, len(self.f1))
        columns = zip(self.precision, self.recall, self.f1, self.support, strict=True)
        scores = [
            [label, *(f"{share:.3f}" for share in shares), str(count)]
            for label, (*shares, count) in zip(labels, columns, strict=True)
        ]
        counts = [
            [label, *map(str, row)]
            for label, row in zip(labels, self.confusion.tolist(), strict=True)
        ]
        head = ["class", "precision", "recall", "f1", "texts"]
        corner = "truth \\ prediction"
        return f"{text_table(head, scores)}\n\n{text_table([corner, *labels], counts)}"

    def to_dict(self, labels: Sequence[str]) -> dict[str, Any]:
        """The same as plain numbers and lists, ready for JSON."""
        labels = checked_labels(labels, len(self.f1))
        per_class = {
            label: {
                "precision": float(self.precision[i]),
                "recall": float(self.recall[i]),
                "f1": float(self.f1[i]),
                "support": int(self.support[i]),
            }
            for i, label in enumerate(labels)
        }
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "per_class": per_class,
            "confusion": self.confusion.tolist(),
        }


def classification_scores(
    labels: ArrayLike, predictions: ArrayLike, num_classes: int
) -> ClassificationScores:
    """Score predictions against the truth; the arguments of `confusion_matrix`."""
    confusion = confusion_matrix(labels, predictions, num_classes)
    precision, recall, f1 = precision_recall_f1(confusion)
    return ClassificationScores(
        accuracy=accuracy(confusion),
        macro_f1=macro_f1(confusion),
        precision=precision,
        recall=recall,
        f1=f1,
        confusion=confusion,
    )


def checked_labels(labels: Sequence[str], num_classes: int) -> list[str]:
    """The label names as a list, one a class.

    Raises:
        ShapeError: if there are more or fewer names than classes.
    """
    if len(labels) != num_classes:
        raise ShapeError(
            f"There must be one label name for each of the {num_classes} classes. "
            f"Received: {len(labels)} names. Pass the labels the model was made with."
        )
    return [str(label) for label in labels]


def _class_numbers(
    what: str, numbers: NDArray[Any], num_classes: int
) -> NDArray[np.int64]:
    if numbers.size and numbers.dtype.kind not in "iu":
        raise DataError(
            f"{what} must be whole class numbers. Received: dtype {numbers.dtype}. "
            "Map names to numbers, and scores to numbers by argmax, first."
        )
    outside = (numbers < 0) | (numbers >= num_classes)
    if outside.any():
        raise DataError(
            f"{what} must lie in [0, {num_classes}). Received: "
            f"{numbers[outside][0]} at position {int(np.argmax(outside))}. Check the "
            "order and number of the label names."
        )
    return numbers.astype(np.int64)


def _num_examples(confusion: Counts) -> int:
    total = int(np.sum(confusion))
    if total == 0:
        raise DataError(
            "Scores need at least one example. Received: an empty confusion matrix. "
            "Check that the test file has rows."
        )
    return total


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Shares:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
