"""How good the answers are: counts and shares over whole test sets, in NumPy."""

from kewen.metrics.bleu import bleu, check_bleu
from kewen.metrics.classification import (
    ClassificationScores,
    accuracy,
    classification_scores,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)
from kewen.metrics.rouge import Rouge, rouge
from kewen.metrics.text_table import display_width, text_table

__all__ = [
    "ClassificationScores",
    "Rouge",
    "accuracy",
    "bleu",
    "check_bleu",
    "classification_scores",
    "confusion_matrix",
    "display_width",
    "macro_f1",
    "precision_recall_f1",
    "rouge",
    "text_table",
]
