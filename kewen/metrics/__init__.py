"""How good the answers are: counts and shares over whole test sets, in NumPy."""

from kewen.metrics.classification import (
    ClassificationScores,
    accuracy,
    classification_scores,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)
from kewen.metrics.text_table import display_width, text_table

__all__ = [
    "ClassificationScores",
    "accuracy",
    "classification_scores",
    "confusion_matrix",
    "display_width",
    "macro_f1",
    "precision_recall_f1",
    "text_table",
]
