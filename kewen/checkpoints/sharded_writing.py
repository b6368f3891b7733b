"""Safetensors in one file, or in several with an index where one would be too large."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from kewen.checkpoints.checkpoint import Array
from kewen.checkpoints.deferred import unread
from kewen.checkpoints.safetensors_file import write_safetensors
from kewen.errors import ConfigError
from kewen.files import atomic_write

SHARD_BYTES = 5_000_000_000


def write_sharded(
    folder: Path,
    tensors: Mapping[str, Array],
    *,
    max_shard_bytes: int = SHARD_BYTES,
    name: str = "model",
) -> None:
    """Write `model.safetensors`, or its shards and `model.safetensors.index.json`.

    Names and index are transformers' own. A tensor larger than a shard has one alone.

    Args:
        folder: where to; best a new one, which `atomic_folder` gives.
        tensors: name -> array.
        max_shard_bytes: of tensors in a file.
        name: of the file, without its ending.

    Raises:
        ConfigError: if no tensor could have so small a shard.
        CheckpointError, FileError: as `write_safetensors`.
    """
    if max_shard_bytes < 1:
        raise ConfigError(
            f"max_shard_bytes must be at least 1. Received: {max_shard_bytes}. Without "
            f"it, a file holds {SHARD_BYTES:,}."
        )
    sizes = {each: unread(tensors[each]).nbytes for each in sorted(tensors)}
    shards = _shards(sizes, max_shard_bytes)
    if len(shards) < 2:
        write_safetensors(folder / f"{name}.safetensors", tensors)
        return
    places: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        file = f"{name}-{number:05d}-of-{len(shards):05d}.safetensors"
        write_safetensors(folder / file, {each: tensors[each] for each in shard})
        places |= dict.fromkeys(shard, file)
    index = {
        "metadata": {"total_size": sum(sizes.values())},
        "weight_map": dict(sorted(places.items())),
    }
    # Last: an index promises that its shards are there.
    with atomic_write(folder / f"{name}.safetensors.index.json", mode="w") as file:
        file.write(json.dumps(index, ensure_ascii=False, indent=2) + "\n")


def _shards(sizes: Mapping[str, int], most: int) -> Sequence[Sequence[str]]:
    """Names in order, as many in a shard as it may hold."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, size in sizes.items():
        if shards[-1] and filled + size > most:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    return shards
