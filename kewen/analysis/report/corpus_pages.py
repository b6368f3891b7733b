"""Pages about a corpus that was counted: its words, and the new ones among them."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kewen.analysis.report.page import facts_section, write_page
from kewen.analysis.report.section import Section
from kewen.analysis.report.tables import table_section
from kewen.mining import NewWords, WordCounter
from kewen.visible import visible

MOST_ROWS = 200
MOST_POINTS = 300
WIDTH, HEIGHT, EDGE = 1140, 320, 44


def write_counts_report(
    path: str | os.PathLike[str],
    counter: WordCounter,
    *,
    title: str,
    facts: Mapping[str, str],
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page: how often words occur, and how unequally."""
    rows = [
        [visible(word), f"{count:,}", f"{count / counter.num_words_:.3%}"]
        for word, count in counter.most_common(MOST_ROWS)
    ]
    figures = {
        "words": f"{counter.num_words_:,}",
        "different" if counter.most is None else "kept": f"{len(counter.counts_):,}",
        "texts": f"{counter.num_texts_:,}",
        "too low at most by": f"{counter.error_bound_:,}",
    }
    curve = [[_frequencies(list(counter.counts_.values()))]] if rows else []
    sections = [
        *curve,
        [table_section("The most frequent words", ["word", "count", "share"], rows)],
        [facts_section(facts)],
    ]
    return write_page(path, title, figures, sections, overwrite=overwrite)


def write_words_report(
    path: str | os.PathLike[str],
    found: NewWords,
    *,
    title: str,
    facts: Mapping[str, str],
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page: the new words and what speaks for them."""
    rows = [
        [
            visible(each.word),
            f"{each.count:,}",
            *(f"{x:.2f}" for x in (each.cohesion, each.left, each.right, each.score)),
        ]
        for each in found.words_[:MOST_ROWS]
    ]
    head = ["word", "count", "cohesion", "left", "right", "score"]
    note = (
        "Cohesion: how much more often its letters stand together than by chance, in "
        "nats, of its loosest part. Left and right: entropy of the neighbours, in "
        "nats. Score: the lower of both times the logarithm of the count."
    )
    figures = {
        "words": f"{len(found.words_):,}",
        "parts in all": f"{len(found.counts_):,}",
    }
    sections = [[table_section("New words", head, rows, note)], [facts_section(facts)]]
    return write_page(path, title, figures, sections, overwrite=overwrite)


def _frequencies(counts: Sequence[int]) -> Section:
    """Counts over ranks, both as logarithms: nearly a line in natural language."""
    wide, high = math.log10(max(len(counts), 10)), math.log10(max(counts[0], 10))
    step = wide / MOST_POINTS
    ranks = sorted(
        {min(len(counts), round(10 ** (step * n))) for n in range(MOST_POINTS + 1)}
    )

    def x(rank: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * math.log10(rank) / wide

    def y(count: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * math.log10(count) / high

    points = " ".join(f"{x(rank):.1f},{y(counts[rank - 1]):.1f}" for rank in ranks)
    marks = [
        f'<text class="middle" x="{x(10**n):.1f}" y="{HEIGHT - 18}">{10**n:,}</text>'
        for n in range(int(wide) + 1)
    ]
    marks += [
        f'<line class="grid" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{y(10**n):.1f}" '
        f'y2="{y(10**n):.1f}"/><text class="end" x="{EDGE - 4}" '
        f'y="{y(10**n) + 4:.1f}">{_short(10**n)}</text>'
        for n in range(int(high) + 1)
    ]
    body = (
        '<p class="note">How often a word occurs (upwards) over its rank (to the '
        "right), both by powers of ten.</p>\n"
        f'<figure class="wide"><svg class="chart" role="img" viewBox="0 0 {WIDTH} '
        f'{HEIGHT}" aria-label="count over rank of {len(counts)} words">\n'
        + "\n".join(marks)
        + f'\n<polyline class="counts" points="{points}"/>\n</svg></figure>'
    )
    css = ".chart .counts { fill: none; stroke: rgb(var(--blue)); stroke-width: 2.2; }"
    return Section("Counts over ranks", body, css)


def _short(number: int) -> str:
    """Example: 100000 is `100k`."""
    for size, unit in ((10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)
