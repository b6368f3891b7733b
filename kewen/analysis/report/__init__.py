"""One HTML page about what was trained or counted: opens offline, runs no script."""

from kewen.analysis.report.attention_map import AttentionMap
from kewen.analysis.report.corpus_pages import (
    write_counts_report,
    write_words_report,
)
from kewen.analysis.report.mistakes import Mistake
from kewen.analysis.report.page import (
    facts_section,
    write_classification_report,
    write_page,
)
from kewen.analysis.report.section import Section
from kewen.analysis.report.svg_chart import learning_section
from kewen.analysis.report.tables import table_section
from kewen.analysis.report.vectors_page import write_vectors_report

__all__ = [
    "AttentionMap",
    "Mistake",
    "Section",
    "facts_section",
    "learning_section",
    "table_section",
    "write_classification_report",
    "write_counts_report",
    "write_page",
    "write_vectors_report",
    "write_words_report",
]
