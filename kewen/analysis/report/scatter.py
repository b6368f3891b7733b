"""Points of two numbers each, drawn as SVG."""

import numpy as np
from numpy.typing import NDArray

from kewen.analysis.report.markup import escape
from kewen.analysis.report.section import Section
from kewen.analysis.report.svg_chart import ticks

WIDTH, HEIGHT = 620, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 14, 46  # room for the axes
MOST_POINTS = 1500
CSS = ".scatter circle { fill: rgb(var(--blue) / .45); }"


def scatter_section(
    heading: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    axes: tuple[str, str],
    note: str = "",
) -> Section:
    """A cloud of points from 0 on; of many points, every so-manyth by x is drawn.

    Args:
        heading: of the section.
        x: (N,), at least 0.
        y: (N,), at least 0.
        axes: what x and y are.
        note: a sentence above the drawing.
    """
    order = np.argsort(x, kind="stable")
    order = order[:: -(-len(order) // MOST_POINTS)]
    x, y = x[order], y[order]
    right, top = max(float(x.max()), 1e-9), max(float(y.max()), 1e-9)

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / right

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(v):.1f}" '
        f'y2="{down(v):.1f}"/><text class="tick end" x="{LEFT - 8}" '
        f'y="{down(v) + 4:.1f}">{v:.4g}</text>'
        for v in ticks(top, 6)
    ]
    parts += [
        f'<text class="tick middle" x="{across(v):.1f}" '
        f'y="{HEIGHT - BOTTOM + 18}">{v:.4g}</text>'
        for v in ticks(right, 8)
    ]
    parts += [
        f'<circle cx="{across(a):.1f}" cy="{down(b):.1f}" r="2.2"/>'
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    said = f'<p class="note">{escape(note)}</p>\n' if note else ""
    summary = f"{escape(axes[1])} (upwards) by {escape(axes[0])} (to the right)"
    return Section(
        heading,
        f'{said}<figure class="wide"><svg class="chart scatter" role="img" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-label="{summary}">\n'
        f"{chr(10).join(parts)}\n</svg><figcaption>{summary}</figcaption></figure>",
        CSS,
    )
