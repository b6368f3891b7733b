"""One HTML page about a trained classifier: opens offline, runs no script."""

from kewen.analysis.report.attention_map import AttentionMap
from kewen.analysis.report.mistakes import Mistake
from kewen.analysis.report.page import write_classification_report

__all__ = ["AttentionMap", "Mistake", "write_classification_report"]
