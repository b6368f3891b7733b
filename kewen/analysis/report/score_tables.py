"""Confusion matrix and per-class scores as coloured tables."""

from collections.abc import Sequence

import numpy as np

from kewen.analysis.report.markup import foreign, percent
from kewen.analysis.report.section import Section
from kewen.metrics import ClassificationScores

MOST_CLASSES = 40  # of a full matrix; larger ones become a list of mix-ups
MOST_ROWS = 200


def confusion_section(scores: ClassificationScores, labels: Sequence[str]) -> Section:
    """How often each class was taken for each other, with row shares."""
    if len(labels) > MOST_CLASSES:
        return Section("Confusion", _mix_ups(scores, labels))
    return Section("Confusion", _matrix(scores, labels))


def classes_section(scores: ClassificationScores, labels: Sequence[str]) -> Section:
    """Precision, recall and F1 of each class."""
    order = range(len(labels))
    note = ""
    if len(labels) > MOST_ROWS:
        order = np.argsort(scores.f1, kind="stable")[:MOST_ROWS]
        note = (
            f'<p class="note">The {MOST_ROWS} classes with the lowest F1 '
            f"of {len(labels)}.</p>"
        )
    rows = "\n".join(_class_row(scores, labels[i], int(i)) for i in order)
    head = "<tr><th>class</th><th>precision</th><th>recall</th><th>F1</th>"
    return Section(
        "Classes",
        f'{note}<div class="wide"><table class="classes">\n<thead>{head}'
        f"<th>texts</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>",
    )


def _matrix(scores: ClassificationScores, labels: Sequence[str]) -> str:
    totals = np.maximum(scores.support, 1)[:, None]
    shares = scores.confusion / totals
    columns = "".join(f'<th scope="col">{foreign(label)}</th>' for label in labels)
    rows = "\n".join(
        f'<tr><th scope="row">{foreign(label)}</th>'
        + "".join(
            _cell(int(scores.confusion[t, p]), float(shares[t, p]), t == p)
            for p in range(len(labels))
        )
        + "</tr>"
        for t, label in enumerate(labels)
    )
    return (
        '<p class="note">A row is a true class and says where its texts went; the '
        "percentages of a row add up to 100. Right is blue, wrong is orange.</p>\n"
        '<div class="wide"><table class="confusion">\n'
        f'<thead><tr><th class="corner">truth <span aria-hidden="true">↓</span> '
        f'prediction <span aria-hidden="true">→</span></th>{columns}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _cell(count: int, share: float, right: bool) -> str:
    if count == 0:
        return '<td class="none">0</td>'
    # Mistakes are rare, so their colour grows with the root of their share.
    strength = share if right else share**0.5
    kind = ("hit" if right else "miss") + (" strong" if strength > 0.6 else "")
    return (
        f'<td class="{kind}" style="--share:{strength:.2f}">{count}'
        f"<small>{percent(share)}</small></td>"
    )


def _mix_ups(scores: ClassificationScores, labels: Sequence[str]) -> str:
    wrong = scores.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CLASSES]
    cells = [divmod(int(i), len(labels)) for i in order if wrong.flat[i] > 0]
    rows = "\n".join(
        f"<tr><td>{foreign(labels[t])}</td><td>{foreign(labels[p])}</td>"
        f"<td>{int(wrong[t, p])}</td>"
        f"<td>{percent(wrong[t, p] / scores.support[t])}</td></tr>"
        for t, p in cells
    )
    head = "<th>truth</th><th>taken for</th><th>texts</th><th>of the class</th>"
    return (
        f'<p class="note">The most frequent mix-ups of {len(labels)} classes.</p>\n'
        f'<div class="wide"><table class="mixups">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _class_row(scores: ClassificationScores, label: str, index: int) -> str:
    shares = (scores.precision[index], scores.recall[index], scores.f1[index])
    cells = "".join(
        f'<td class="bar" style="--share:{share:.3f}">{share:.3f}</td>'
        for share in shares
    )
    count = int(scores.support[index])
    return f'<tr><th scope="row">{foreign(label)}</th>{cells}<td>{count}</td></tr>'
