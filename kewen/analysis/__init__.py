"""Looking at models: pages and pictures of what they learned and where they fail."""

from kewen.analysis.report import (
    AttentionMap,
    Mistake,
    write_classification_report,
)

__all__ = ["AttentionMap", "Mistake", "write_classification_report"]
