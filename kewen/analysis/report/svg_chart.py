"""The loss curve, drawn as SVG: readable without scripts, crisp in print."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.analysis.report.section import Section

WIDTH, HEIGHT = 1140, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 26, 46  # room for the axes
MOST_POINTS = 400  # of a curve; more are averaged in groups
SMOOTHED_SHARE = 0.04  # of the run that the smooth curve averages over

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]  # steps, losses


@dataclass(frozen=True)
class _Axes:
    """Where a number is on the drawing."""

    last_step: float
    top_loss: float

    def x(self, step: float) -> float:
        inner = WIDTH - LEFT - RIGHT
        return LEFT + inner * step / self.last_step

    def y(self, loss: float) -> float:
        inner = HEIGHT - TOP - BOTTOM
        return HEIGHT - BOTTOM - inner * loss / self.top_loss


def learning_section(history: Mapping[str, Any]) -> Section:
    """Loss curve and a row an epoch.

    Args:
        history: `{"loss": [a float a step], "epochs": [{"epoch": 1, "loss": ...,
            "val_loss": ..., "val_accuracy": ..., "seconds": ...}]}`; all optional.
    """
    losses = np.asarray(history.get("loss", ()), dtype=float)
    epochs = list(history.get("epochs", ()))
    if not np.isfinite(losses).any():
        note = '<p class="note">No loss was recorded.</p>'
        return Section("Learning", note + _epoch_table(epochs))
    return Section("Learning", loss_chart(losses, epochs) + _epoch_table(epochs))


def loss_chart(losses: NDArray[np.float64], epochs: Sequence[Mapping[str, Any]]) -> str:
    """Draw training loss per step, raw and smooth, and validation loss per epoch.

    Args:
        losses: float, (steps,). Points that are not finite are left out.
        epochs: the epochs that these steps are made of, equally long.
    """
    steps = np.arange(1, len(losses) + 1, dtype=float)
    known = np.isfinite(losses)
    raw = (steps[known], losses[known])
    smooth = (raw[0], _smoothed(raw[1]))
    held_out = _validation(epochs, len(losses))
    axes = _Axes(len(losses), _top(raw[1], held_out[1]))
    parts = [
        _grid(axes),
        _epoch_marks(axes, len(epochs)),
        '<g clip-path="url(#inside)">',
        _line(axes, _thinned(raw), "raw"),
        _line(axes, _thinned(smooth), "smooth"),
        _line(axes, held_out, "held-out"),
        _dots(axes, held_out),
        "</g>",
        _legend(bool(len(held_out[0]))),
    ]
    summary = f"loss over {len(losses)} steps, {smooth[1][-1]:.3f} at the end"
    return (
        '<figure class="wide"><svg class="chart" role="img" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-label="{summary}">\n'
        f'<clipPath id="inside"><rect x="{LEFT}" y="{TOP - 6}" '
        f'width="{WIDTH - LEFT - RIGHT + 6}" height="{HEIGHT - TOP - BOTTOM + 6}"/>'
        f"</clipPath>\n{chr(10).join(parts)}\n</svg></figure>"
    )


def _smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred moving average; at both ends over what is there."""
    reach = max(1, round(len(losses) * SMOOTHED_SHARE / 2))
    total = np.concatenate([[0.0], np.cumsum(losses)])
    index = np.arange(len(losses))
    first = np.maximum(index - reach, 0)
    after = np.minimum(index + reach + 1, len(losses))
    return (total[after] - total[first]) / (after - first)


def _thinned(curve: Curve) -> Curve:
    """At most `MOST_POINTS` points, each the mean of its group."""
    groups = min(MOST_POINTS, len(curve[0]))
    steps, losses = (np.array_split(part, groups) for part in curve)
    return np.array([g.mean() for g in steps]), np.array([g.mean() for g in losses])


def _validation(epochs: Sequence[Mapping[str, Any]], num_steps: int) -> Curve:
    points = [
        (num_steps * number / len(epochs), float(epoch["val_loss"]))
        for number, epoch in enumerate(epochs, start=1)
        if epoch.get("val_loss") is not None and math.isfinite(float(epoch["val_loss"]))
    ]
    table = np.array(points, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _top(raw: NDArray[np.float64], held_out: NDArray[np.float64]) -> float:
    """The upper end of the loss axis: above all but the wildest single steps."""
    return max(float(np.max([np.quantile(raw, 0.995), *held_out])) * 1.05, 1e-6)


def ticks(end: float, most: int) -> list[float]:
    """Round numbers from 0 to at most `end`: steps of 1, 2 or 5 times a power of ten.

    Example: `ticks(0.93, 5)` is `[0, 0.2, 0.4, 0.6, 0.8]`.
    """
    power = 10.0 ** math.floor(math.log10(end / most))
    step = next(power * m for m in (1, 2, 5, 10) if end / (power * m) <= most)
    return [step * i for i in range(math.floor(end / step * (1 + 1e-9)) + 1)]


def _grid(axes: _Axes) -> str:
    lines = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{axes.y(v):.1f}" '
        f'y2="{axes.y(v):.1f}"/><text class="tick end" x="{LEFT - 8}" '
        f'y="{axes.y(v) + 4:.1f}">{v:.4g}</text>'
        for v in ticks(axes.top_loss, 6)
    ]
    lines += [
        f'<text class="tick middle" x="{axes.x(v):.1f}" '
        f'y="{HEIGHT - BOTTOM + 18}">{v:.0f}</text>'
        for v in ticks(axes.last_step, 10)
        if v == int(v)
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    names = (
        f'<text class="name middle" x="{middle:.0f}" y="{HEIGHT - 8}">'
        "step (one batch)</text>"
        f'<text class="name" x="{LEFT - 44}" y="{TOP - 12}">'
        "cross-entropy (nats)</text>"
    )
    return "\n".join([*lines, names])


def _epoch_marks(axes: _Axes, num_epochs: int) -> str:
    if not 1 <= num_epochs <= 30:
        return ""
    ends = [axes.x(axes.last_step * e / num_epochs) for e in range(1, num_epochs + 1)]
    return "\n".join(
        f'<line class="epoch" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" '
        f'y2="{HEIGHT - BOTTOM}"/>'
        for x in ends
    )


def _line(axes: _Axes, curve: Curve, css: str) -> str:
    if not len(curve[0]):
        return ""
    points = " ".join(
        f"{axes.x(step):.1f},{axes.y(loss):.1f}"
        for step, loss in zip(*curve, strict=True)
    )
    return f'<polyline class="{css}" points="{points}"/>'


def _dots(axes: _Axes, curve: Curve) -> str:
    return "".join(
        f'<circle class="held-out" cx="{axes.x(step):.1f}" cy="{axes.y(loss):.1f}" '
        f'r="4"><title>validation loss {loss:.4f}</title></circle>'
        for step, loss in zip(*curve, strict=True)
    )


def _legend(with_validation: bool) -> str:
    entries = [("raw", "training, each step"), ("smooth", "training, smoothed")]
    if with_validation:
        entries.append(("held-out", "validation, each epoch"))
    left = WIDTH - RIGHT - 170 * len(entries)
    return "\n".join(
        f'<line class="{css}" x1="{left + 170 * i}" x2="{left + 170 * i + 24}" '
        f'y1="{TOP - 16}" y2="{TOP - 16}"/><text class="tick" '
        f'x="{left + 170 * i + 32}" y="{TOP - 12}">{name}</text>'
        for i, (css, name) in enumerate(entries)
    )


_COLUMNS = {
    "epoch": ("epoch", "{:.0f}"),
    "loss": ("training loss", "{:.4f}"),
    "val_loss": ("validation loss", "{:.4f}"),
    "val_accuracy": ("validation accuracy", "{:.4f}"),
    "seconds": ("seconds", "{:.1f}"),
}


def _epoch_table(epochs: Sequence[Mapping[str, Any]]) -> str:
    columns = [key for key in _COLUMNS if any(key in epoch for epoch in epochs)]
    if not columns:
        return ""
    head = "".join(f"<th>{_COLUMNS[key][0]}</th>" for key in columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{_number(epoch, key)}</td>" for key in columns) + "</tr>"
        for epoch in epochs
    )
    return (
        f'<div class="wide"><table class="epochs">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _number(epoch: Mapping[str, Any], key: str) -> str:
    value = epoch.get(key)
    return "–" if value is None else _COLUMNS[key][1].format(float(value))
