"""The page: what the classifier reached, how it learned, where it looks and errs."""

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from kewen.analysis.report.attention_map import AttentionMap, attention_section
from kewen.analysis.report.markup import escape, foreign
from kewen.analysis.report.mistakes import Mistake, mistakes_section
from kewen.analysis.report.score_tables import classes_section, confusion_section
from kewen.analysis.report.section import Section
from kewen.analysis.report.svg_chart import learning_section
from kewen.files import atomic_write
from kewen.metrics import ClassificationScores
from kewen.metrics.classification import checked_labels

# The page needs nothing from anywhere and runs nothing, whatever a text contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_classification_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    scores: ClassificationScores,
    labels: Sequence[str],
    history: Mapping[str, Any],
    attention: AttentionMap | None = None,
    mistakes: Sequence[Mistake] = (),
    facts: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page about a trained classifier.

    Args:
        path: the file to write, such as `report.html`.
        title: the headline.
        scores: of the test set.
        labels: the L class names, in the order of the scores.
        history: `{"loss": [a float a step], "epochs": [{"epoch": 1, "loss": ...,
            "val_loss": ..., "val_accuracy": ..., "seconds": ...}]}`; all optional.
        attention: the map of one text, or None for a page without it.
        mistakes: wrongly classified texts in any order; the surest are shown.
        facts: name and value of what a reader needs to repeat the run.
        overwrite: whether the file may exist already.

    Returns:
        The path written.

    Raises:
        ShapeError: if labels and scores differ in number.
        FileError: if the file exists and may not be overwritten.
    """
    labels = checked_labels(labels, len(scores.f1))
    rows = [
        [learning_section(history)],
        [confusion_section(scores, labels), classes_section(scores, labels)],
        [attention_section(attention)] if attention is not None else [],
        [mistakes_section(mistakes)],
        [facts_section(facts)] if facts else [],
    ]
    return write_page(path, title, _figures(scores), rows, overwrite=overwrite)


def write_page(
    path: str | os.PathLike[str],
    title: str,
    figures: Mapping[str, str],
    rows: Sequence[Sequence[Section]],
    *,
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page of sections.

    Args:
        path: the file to write.
        title: the headline; plain text.
        figures: name and value of what is shown large below it.
        rows: sections, in rows that stand side by side where there is room.
        overwrite: whether the file may exist already.

    Returns:
        The path written.
    """
    cards = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in figures.items()
    )
    headline = (
        f'<header>{foreign(title, "h1")}<dl class="figures">{cards}</dl></header>'
    )
    with atomic_write(path, overwrite=overwrite) as file:
        file.write(_page(title, headline, rows).encode("utf-8"))
    return Path(path)


def _page(title: str, headline: str, rows: Sequence[Sequence[Section]]) -> str:
    sheet = files("kewen.analysis.report").joinpath("style.css")
    style = "\n".join([sheet.read_text("utf-8"), *_extra_css(rows)])
    body = "\n".join(map(_row, rows))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="generator" content="kewen">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n"
        f"<body>\n<main>\n{headline}\n{body}\n</main>\n</body>\n</html>\n"
    )


def _extra_css(rows: Sequence[Sequence[Section]]) -> list[str]:
    return [section.css for row in rows for section in row if section.css]


def _row(sections: Sequence[Section]) -> str:
    """Sections that stand side by side where the window is wide enough."""
    inside = "\n".join(section.html() for section in sections)
    return f'<div class="pair">\n{inside}\n</div>' if len(sections) > 1 else inside


def _figures(scores: ClassificationScores) -> dict[str, str]:
    total = int(scores.confusion.sum())
    wrong = total - int(scores.confusion.trace())
    return {
        "accuracy": f"{scores.accuracy:.4f}",
        "macro-F1": f"{scores.macro_f1:.4f}",
        "test texts": f"{total}",
        "wrong": f"{wrong}",
        "classes": f"{len(scores.f1)}",
    }


def facts_section(facts: Mapping[str, str]) -> Section:
    """Name and value of what a reader needs to repeat a run."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{foreign(str(value), "td")}</tr>'
        for name, value in facts.items()
    )
    return Section(
        "Facts", f'<table class="facts">\n<tbody>\n{rows}\n</tbody>\n</table>'
    )
