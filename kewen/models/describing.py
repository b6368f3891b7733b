"""A model as a list of its parts, one line a layer."""

import math
import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import keras

IN_BLOCK = re.compile(r"(?P<block>(?:\w+_)?(?:block|group)_)(?P<i>\d+)_(?P<rest>\w+)")
Line = tuple[str, str, str, int]


def describe(model: Any) -> str:
    """See `Backbone.describe`."""
    blocks: dict[tuple[str, int], list[Line]] = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        found = IN_BLOCK.fullmatch(layer.name)
        key = (found["block"], int(found["i"])) if found else (layer.name, -1)
        name = f"  {found['rest']}" if found else layer.name
        blocks.setdefault(key, []).append(_line(layer, name))
    lines: list[Line] = []
    for (start, parts), run in groupby(
        _unbroken(blocks), key=lambda item: (item[0][0], item[1])
    ):
        lines += _section(start, parts, [i for (_, i), _ in run])
    total = sum(math.prod(w.shape) for w in model.weights_by_path().values())
    heads = ", ".join(model.heads) or "none"
    first = f"{model.config.family}, {model.application}; heads: {heads}\n\n"
    return first + _table([*lines, ("total", "", "", total)])


def _unbroken(
    blocks: dict[tuple[str, int], list[Line]],
) -> list[tuple[tuple[str, int], list[Line]]]:
    """Layers of no block go before the blocks between which they are first needed."""
    order = list(blocks)
    last = {start: place for place, (start, _) in enumerate(order)}
    first = {start: place for place, (start, _) in reversed(list(enumerate(order)))}
    spans = [(first[start], last[start]) for start, i in order if i == 0]

    def place_of(entry: tuple[tuple[str, int], list[Line]]) -> tuple[int, bool, int]:
        (start, i), _ = entry
        own = first[start]
        around = [begin for begin, end in spans if i < 0 and begin < own < end]
        return min([own, *around]), i >= 0, own if i < 0 else i

    return sorted(blocks.items(), key=place_of)


def _line(layer: Any, name: str) -> Line:
    prefix = f"{layer.path}/"
    shapes = [
        f"{weight.path.removeprefix(prefix)} {_shown(weight.shape)}"
        for weight in layer.weights
    ]
    numbers = sum(math.prod(weight.shape) for weight in layer.weights)
    return name, type(layer).__name__, ", ".join(shapes), numbers


def _section(start: str, parts: list[Line], numbers: list[int]) -> list[Line]:
    """A layer of its own; or equal blocks, a head line and the parts of one."""
    if numbers == [-1]:
        return parts
    first, last = f"{start}{numbers[0]}", f"{start}{numbers[-1]}"
    of_one = sum(count for *_, count in parts)
    if first == last:
        return [(f"{first}:", "", "", of_one), *parts]
    times = f"{len(numbers)} x {of_one:,}"
    return [(f"{first} .. {last}:", "", times, len(numbers) * of_one), *parts]


def _shown(shape: Iterable[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _table(lines: list[Line]) -> str:
    """Numbers before the shapes, which may be long."""
    rows = [
        (name, kind, f"{count:,}" if count else "", shapes)
        for name, kind, shapes, count in lines
    ]
    name, kind, count, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        f"{a:<{name}}  {b:<{kind}}  {c:>{count}}  {d}".rstrip() for a, b, c, d in rows
    )
