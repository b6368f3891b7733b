"""Who looks at whom in one text: a map for every layer and head.

The page picks a map with radio buttons and style sheets alone: each picture is a CSS
variable, and the checked button decides which one the large view shows. The arrow keys
go through them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.analysis.report.markup import escape, foreign
from kewen.analysis.report.png import NUM_LEVELS, data_uri, ink_png
from kewen.analysis.report.section import Section
from kewen.errors import ShapeError

MOST_TOKENS = 48  # a side of the map; more cannot be read
MANY_MAPS, FEWER_TOKENS = 200, 32  # so that the page of a large model stays small
MOST_MAPS = 400  # beyond them, means only
INK = (37, 99, 235)
_SPECIAL = re.compile(r"\[[^\[\]\s]+\]|<[^<>\s]*>")  # [CLS], [SEP], <s>, </s>


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """The attention of one text, without padding."""

    tokens: list[str]  # T of them
    scores: NDArray[np.floating]  # (num_layers, H, T, T), each row sums to 1
    caption: str = ""  # what the text is, such as its class

    def __post_init__(self) -> None:
        side = len(self.tokens)
        if self.scores.ndim != 4 or self.scores.shape[2:] != (side, side):
            raise ShapeError(
                f"scores must be (num_layers, H, T, T) for the {side} tokens given. "
                f"Received: {self.scores.shape}. Cut the padding from tokens, "
                "queries and keys."
            )
        if 0 in self.scores.shape:
            raise ShapeError(
                "An attention map needs at least one layer, head and token. "
                f"Received: scores of shape {self.scores.shape}."
            )


@dataclass(frozen=True)
class _View:
    """One choice of the reader: a layer's head, or the mean over its heads."""

    key: str
    name: str
    weights: NDArray[np.floating]  # (T, T)


def attention_section(attention: AttentionMap) -> Section:
    """The map of the chosen head, its chooser, and the text as the model weighs it."""
    views = _views(attention)
    tokens = attention.tokens[: _side(attention)]
    # The mean over the heads of the last layer comes first to the eye.
    chosen = [view for layer in views for view in layer if view.key.endswith("m")][-1]
    choices = "\n".join(
        f'<input type="radio" name="attention" id="{view.key}" '
        f'aria-label="{view.name}"{" checked" if view is chosen else ""}>'
        for layer in views
        for view in layer
    )
    body = (
        f"{_introduction(attention)}\n{_weighted_text(attention)}\n"
        f'<div class="attention">\n{choices}\n'
        f'<div class="view"><div class="wide">{_large_map(tokens)}</div></div>\n'
        f'<div class="side">{_atlas(views)}{_HOW_TO_READ}</div>\n</div>'
    )
    return Section("Attention", body, _style(views))


_HOW_TO_READ = (
    '<div class="legend"><span>0</span><span class="ramp"></span>'
    "<span>strongest</span></div>"
    '<p class="note">A row is a token that looks, a column a token that is looked '
    "at. Ink is the square root of the weight, each map on its own scale. A "
    "full column at [SEP] or at a full stop usually means that the head found nothing "
    "to do.</p>"
)


def _side(attention: AttentionMap) -> int:
    """How many tokens the maps show."""
    num_layers, num_heads = attention.scores.shape[:2]
    most = MOST_TOKENS if num_layers * num_heads <= MANY_MAPS else FEWER_TOKENS
    return min(most, len(attention.tokens))


def _views(attention: AttentionMap) -> list[list[_View]]:
    """For each layer the mean over its heads, then its heads."""
    num_layers, num_heads = attention.scores.shape[:2]
    side = _side(attention)
    shown = np.nan_to_num(attention.scores[:, :, :side, :side])
    heads = range(num_heads) if num_layers * num_heads <= MOST_MAPS else ()
    return [
        [
            _View(f"l{layer}m", f"layer {layer + 1}, mean", shown[layer].mean(axis=0)),
            *(
                _View(
                    f"l{layer}h{head}",
                    f"layer {layer + 1}, head {head + 1}",
                    shown[layer, head],
                )
                for head in heads
            ),
        ]
        for layer in range(num_layers)
    ]


def _introduction(attention: AttentionMap) -> str:
    count, side = len(attention.tokens), _side(attention)
    cut = (
        f" The maps show its first {side} tokens of {count}, so their rows "
        "need not add up to 1."
        if count > side
        else ""
    )
    what = f"{escape(attention.caption)}. " if attention.caption else ""
    return (
        f'<p class="note">{what}First the text: the more ink a token has, the more '
        f"the others look at it in the last layer (mean over heads).{cut}</p>"
    )


def _weighted_text(attention: AttentionMap) -> str:
    """All tokens, inked by the attention that they receive in the last layer."""
    received = np.nan_to_num(attention.scores[-1]).mean(axis=(0, 1))
    special = np.array([bool(_SPECIAL.fullmatch(t)) for t in attention.tokens])
    # Special tokens are where idle heads look; they would bleach all others.
    words = received[~special]
    most = words.max() if words.size and words.max() > 0 else 1.0
    inked = "".join(
        _inked(token, weight, 0.0 if is_special else weight / most)
        for token, weight, is_special in zip(
            attention.tokens, received, special, strict=True
        )
    )
    return f'<p class="inked" lang="">{inked}</p>'


def _inked(token: str, weight: float, strength: float) -> str:
    joined = token.startswith("##")
    css = ' class="joined"' if joined else ""
    word = escape(token.removeprefix("##") if joined else token)
    title = f"receives {100 * weight:.1f} %"
    gap = "" if joined else "<wbr>"
    return (
        f'{gap}<span{css} title="{title}" style="--share:{strength:.2f}">{word}</span>'
    )


def _large_map(tokens: Sequence[str]) -> str:
    across = "".join(f"<li>{foreign(token)}</li>" for token in tokens)
    return (
        f'<div class="map" style="--side:{len(tokens)}">'
        '<p class="which"></p>'
        f'<ol class="keys" aria-hidden="true">{across}</ol>'
        f'<ol class="queries">{across}</ol>'
        '<div class="picture" role="img" aria-label="attention of the chosen head">'
        "</div></div>"
    )


def _atlas(views: Sequence[Sequence[_View]]) -> str:
    """Every map in small, a row a layer; a click chooses."""
    numbers = [str(head + 1) for head in range(len(views[0]) - 1)]
    head = "".join(f"<span>{name}</span>" for name in ["", "mean", *numbers])
    rows = "".join(
        f'<span class="layer">{number}</span>'
        + "".join(
            f'<label for="{view.key}" title="{view.name}" '
            f'style="background-image:var(--{view.key})"></label>'
            for view in layer
        )
        for number, layer in enumerate(views, start=1)
    )
    columns = len(views[0])
    return (
        '<p class="note">Layers down, heads across; choose one.</p>'
        f'<div class="atlas" style="--columns:{columns}">{head}{rows}</div>'
    )


def _style(views: Sequence[Sequence[_View]]) -> str:
    every = [view for layer in views for view in layer]
    pictures = "".join(
        f'--{view.key}:url("{data_uri(ink_png(_levels(view.weights), INK))}");\n'
        for view in every
    )
    rules = "\n".join(
        f"#{view.key}:checked~*{{--now:var(--{view.key});"
        f'--which:"{view.name}: strongest weight {view.weights.max():.2f}"}}'
        f"#{view.key}:checked~.side [for={view.key}]{{outline:2px solid var(--ink)}}"
        for view in every
    )
    return f".attention{{\n{pictures}}}\n{rules}"


def _levels(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Weights (T, T) as ink, by their root: uniform attention is faint, not absent."""
    most = weights.max()
    shares = np.clip(weights / most, 0, 1) if most > 0 else np.zeros_like(weights)
    return np.rint(np.sqrt(shares) * (NUM_LEVELS - 1)).astype(np.uint8)
