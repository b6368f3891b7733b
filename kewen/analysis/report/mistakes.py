"""The texts that a classifier is most sure about, and wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from kewen.analysis.report.markup import escape, foreign, percent, shortened
from kewen.analysis.report.section import Section

MOST_SHOWN = 20
FIRST_CHARS = 280  # shown at once
FULL_CHARS = 4000  # shown on demand; keeps the page small


@dataclass(frozen=True)
class Mistake:
    """One wrongly classified text."""

    text: str
    truth: str  # label name
    prediction: str  # label name
    probability: float  # that the model gave to its wrong prediction


def mistakes_section(mistakes: Sequence[Mistake]) -> Section:
    """The most confident mistakes first, each with its text."""
    heading = "Most confidently wrong"
    if not mistakes:
        return Section(heading, '<p class="note">No text was classified wrongly.</p>')
    worst = sorted(mistakes, key=lambda mistake: -mistake.probability)[:MOST_SHOWN]
    count = (
        f"The {len(worst)} most confident of {len(mistakes)} mistakes."
        if len(worst) < len(mistakes)
        else f"{len(mistakes)} mistakes, the most confident first."
    )
    note = (
        f'<p class="note">{count} Read them: some are the model\'s, '
        "some are the label's.</p>"
    )
    items = "\n".join(map(_item, worst))
    return Section(heading, f'{note}\n<ol class="mistakes">\n{items}\n</ol>')


def _item(mistake: Mistake) -> str:
    sure = min(max(mistake.probability, 0.0), 1.0)
    verdict = (
        f'<p class="verdict">{foreign(mistake.prediction, css="wrong")} '
        f'<span class="sure" style="--share:{sure:.2f}">'
        f"{percent(mistake.probability)} sure</span> "
        f"· truth {foreign(mistake.truth, css='right')}</p>"
    )
    return f"<li>{verdict}{_text(mistake.text)}</li>"


def _text(text: str) -> str:
    start = foreign(shortened(text, FIRST_CHARS), "p", "text")
    if len(text) <= FIRST_CHARS:
        return start
    rest = len(text) - FULL_CHARS
    cut = f'<p class="note">{escape(f"{rest} more characters")}</p>' if rest > 0 else ""
    whole = foreign(text[:FULL_CHARS], "p", "text")
    return f"{start}<details><summary>whole text</summary>{whole}{cut}</details>"
