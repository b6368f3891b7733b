"""`kewen inspect --config`: what a model takes, before its weights are there."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kewen.cli.json_lines import json_line
from kewen.visible import visible

if TYPE_CHECKING:
    from kewen.models.sizes import Sizes

KEPT_AS = {"float32": 4, "bfloat16": 2}  # bytes of a number in a KV cache


def write_sizes(
    path: Path, family: str | None, length: int | None, as_json: bool
) -> None:
    """Count what the model of a config takes, and write it to stdout."""
    from kewen.models.matching import declared
    from kewen.models.sizes import sizes

    said = declared(path, family)
    found = sizes(
        said.config, heads=said.heads, application=said.application, length=length
    )
    if as_json:
        sys.stdout.write(json_line(dataclasses.asdict(found)))
        return
    sys.stdout.write(visible(f"{path}: {_told(found)}\n"))


def _told(sizes: "Sizes") -> str:
    """A line for each figure."""
    length = f"{sizes.length:,} tokens"
    lines = [("parameters", f"{sizes.parameters:,}")]
    for dtype, count in sizes.weight_bytes.items():
        note = ", without scales" if dtype == "int8" else ""
        lines.append((f"weights, {dtype}", f"{_memory(count)}{note}"))
    if sizes.cached_a_token:
        lines += [
            ("KV cache, a token", _kept(sizes.cached_a_token)),
            (f"KV cache, {length}", _kept(sizes.cached)),
        ]
    if sizes.cached_of_source:
        lines.append((f"and of a source of {length}", _kept(sizes.cached_of_source)))
    lines.append((f"forward, {length}", f"{sizes.flops:,} FLOPs"))
    width = max(len(name) for name, _ in lines)
    heads = ", ".join(sizes.heads) or "none"
    first = f"{sizes.family}, {sizes.application}; heads: {heads}\n\n"
    return first + "\n".join(f"{name:<{width}}  {value}" for name, value in lines)


def _kept(numbers: int) -> str:
    return "; ".join(
        f"{dtype} {_memory(size * numbers)}" for dtype, size in KEPT_AS.items()
    )


def _memory(count: int) -> str:
    megabytes = f" ({count / 1e6:,.1f} MB)" if count >= 1e6 else ""
    return f"{count:,} bytes{megabytes}"
