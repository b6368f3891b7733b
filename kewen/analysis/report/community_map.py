"""A picture of modules: the nodes of a small graph, the modules of a large one."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from kewen.analysis.report.markup import escape, foreign, shortened
from kewen.analysis.report.section import Section
from kewen.metrics.text_table import display_width
from kewen.mining import InfoMap
from kewen.mining.communities.graph import Graph
from kewen.mining.communities.layout import force_layout

MOST_NODES = 400  # of a graph that is drawn node by node
MOST_MODULES = 120  # of a larger one, the largest
MOST_LINKS = 3000
MOST_LABELS = 90
WIDTH, HEIGHT, BORDER = 1140, 760, 50
LINE = 13  # of the names' type
GOLDEN_TURN = 137.508  # degrees; neighbouring numbers get unlike hues

_CSS = """
.communities { display: block; width: 100%; min-width: 720px; height: auto; }
.communities line { stroke: var(--ink); }
.communities circle { stroke: var(--card); stroke-width: 1.2; }
.communities text { fill: var(--ink); font-size: 13px; text-anchor: middle;
  paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
"""


@dataclass(frozen=True)
class _Drawing:
    """What is drawn, whether circles are nodes or modules."""

    links: sparse.csr_matrix  # (n, n)
    flow: np.ndarray  # (n,) the circles' areas
    modules: np.ndarray  # (n,) their colours
    labels: list[str]
    titles: list[str]
    note: str


def community_section(infomap: InfoMap, graph: Graph) -> Section:
    """The modules that `infomap` found in `graph`, drawn as SVG.

    A graph of at most 400 nodes is drawn node by node; of a larger one each module is a
    circle, the 120 largest of those with several nodes.
    """
    drawing = (
        _of_nodes(infomap, graph)
        if graph.num_nodes <= MOST_NODES
        else _of_modules(infomap, graph)
    )
    places = force_layout(drawing.links, drawing.modules)
    x = BORDER + places[:, 0] * (WIDTH - 2 * BORDER)
    y = BORDER + places[:, 1] * (HEIGHT - 2 * BORDER)
    share = drawing.flow / max(drawing.flow.max(), 1e-300)
    radius = 3 + 17 * np.sqrt(share) * min(1.0, 4 / math.sqrt(len(x)) + 0.3)
    parts = [
        _lines(drawing, x, y),
        _circles(drawing, x, y, radius),
        _names(drawing, x, y - radius - 4),
    ]
    body = "\n".join(parts)
    return Section(
        "Map",
        f'<p class="note">{escape(drawing.note)}</p>\n<figure class="wide">'
        f'<svg class="communities" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'aria-label="{len(x)} circles, coloured by module">\n{body}\n</svg></figure>',
        _CSS,
    )


def _of_nodes(infomap: InfoMap, graph: Graph) -> _Drawing:
    names = [str(name) for name in graph.names]
    labels = np.maximum(infomap.labels_, 0)
    titles = [
        f"{name}: {_module(label)}, {100 * flow:.2f} % of the walk"
        for name, label, flow in zip(
            names, infomap.labels_.tolist(), infomap.flow_, strict=True
        )
    ]
    note = (
        "Each circle is a node, its area the share of the walk, its colour its module."
    )
    return _Drawing(graph.weights, infomap.flow_, labels, names, titles, note)


def _module(label: int) -> str:
    return "no module" if label < 0 else f"module {label}"


def _of_modules(infomap: InfoMap, graph: Graph) -> _Drawing:
    members = infomap.members()
    shares = infomap.memberships_
    flow = np.asarray(infomap.flow_ @ shares).ravel()
    several = [i for i, names in enumerate(members) if len(names) > 1] or [0]
    largest = sorted(several, key=lambda i: float(flow[i]), reverse=True)
    shown = np.array(largest[:MOST_MODULES])
    chosen = sparse.csc_matrix(shares)[:, shown]
    links = sparse.csr_matrix(chosen.T @ graph.weights @ chosen)
    labels = [" ".join(map(str, members[i][:3])) for i in shown]
    titles = [
        f"module {i}: {len(members[i])} nodes, {100 * flow[i]:.2f} % of the walk: "
        + ", ".join(map(str, members[i][:12]))
        for i in shown
    ]
    note = (
        f"Each circle is one of the {len(shown)} largest modules, its area its share "
        "of the walk, named by its most visited nodes."
    )
    return _Drawing(
        links, flow[shown], np.arange(len(shown), dtype=np.int32), labels, titles, note
    )


def _lines(drawing: _Drawing, x: np.ndarray, y: np.ndarray) -> str:
    """The strongest links, the stronger the darker, those between modules faint."""
    links = drawing.links.tocoo()
    row, column = np.minimum(links.row, links.col), np.maximum(links.row, links.col)
    both = sparse.csr_matrix((links.data, (row, column)), shape=links.shape)
    both = sparse.triu(both, 1).tocoo()
    order = np.argsort(np.negative(both.data), kind="stable")[:MOST_LINKS]
    largest = both.data.max(initial=0.0)
    inside = drawing.modules[both.row] == drawing.modules[both.col]
    ink = np.where(inside, 0.35, 0.12) * (0.4 + 0.6 * both.data / max(largest, 1e-300))
    return "\n".join(
        f'<line x1="{x[a]:.1f}" y1="{y[a]:.1f}" x2="{x[b]:.1f}" y2="{y[b]:.1f}" '
        f'stroke-opacity="{share:.2f}"/>'
        for a, b, share in zip(
            both.row[order], both.col[order], ink[order], strict=True
        )
    )


def _names(drawing: _Drawing, x: np.ndarray, y: np.ndarray) -> str:
    """Of the most visited, where there is room; all are tooltips too."""
    taken: list[tuple[float, float, float]] = []
    parts: list[str] = []
    for i in np.argsort(-drawing.flow, kind="stable").tolist():
        name = shortened(drawing.labels[i], 24)
        half = 4.0 * display_width(name)
        if len(parts) == MOST_LABELS:
            break
        middle = min(max(float(x[i]), half), WIDTH - half)
        height = float(y[i])
        if any(
            abs(height - other_y) < LINE and abs(middle - other_x) < half + other_half
            for other_x, other_y, other_half in taken
        ):
            continue
        taken.append((middle, height, half))
        parts.append(f'<text x="{middle:.0f}" y="{height:.0f}">{escape(name)}</text>')
    return "\n".join(parts)


def _circles(
    drawing: _Drawing, x: np.ndarray, y: np.ndarray, radius: np.ndarray
) -> str:
    return "\n".join(
        f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="{radius[i]:.1f}" '
        f'fill="hsl({drawing.modules[i] * GOLDEN_TURN % 360:.0f} 62% 52%)">'
        f"{foreign(title, 'title')}</circle>"
        for i, title in enumerate(drawing.titles)
    )
