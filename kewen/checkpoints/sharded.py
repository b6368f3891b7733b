"""Checkpoints in several files with an index, such as `model.safetensors.index.json`.

The index maps tensor names to file names. They must be plain names, so that an index
can never lead out of its folder; the files themselves may be links, since the caches of
downloaded models are made of them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from kewen.checkpoints.checkpoint import Array, Checkpoint, TensorInfo
from kewen.checkpoints.json_text import parse_object
from kewen.checkpoints.source_file import SourceFile
from kewen.errors import CheckpointError, NotFoundError

MAX_INDEX_BYTES = 100_000_000
MAX_NAME_BYTES = 255  # of every usual file system


class Sharded(Checkpoint):
    """All shards of an index as one checkpoint.

    A tensor that a shard holds and the index does not name is there all the same, so
    that it turns up in the account instead of vanishing.

    Args:
        path: the index file.
        open_shard: opens one shard, such as `SafetensorsFile`.
    """

    def __init__(self, path: Path, open_shard: Callable[[Path], Checkpoint]):
        placed = _read_index(path)
        files = dict.fromkeys(placed.values())
        lacking = [name for name in files if not (path.parent / name).exists()]
        if lacking:
            raise NotFoundError(
                f"{path} names {len(files)} files, which must be beside it. Received: "
                f"none called {', '.join(lacking)[:500]}. Download what is missing."
            )
        shards = {name: open_shard(path.parent / name) for name in files}
        for name, file in placed.items():
            if name not in shards[file]:
                raise CheckpointError(
                    f"{path} places tensor {name} in {file}. Received: a file without "
                    "it. Index and shards are not of one download: download all again."
                )
        self._shards = {name: shards[file] for name, file in placed.items()}
        for file, shard in shards.items():
            for name in shard:
                first = self._shards.setdefault(name, shard)
                if first is not shard and name not in placed:
                    raise CheckpointError(
                        f"{path} must place every tensor that several shards hold. "
                        f"Received: {name}, in {file} and in another one, and not in "
                        "the index. Index and shards are not of one download: "
                        "download all again."
                    )
        self.format = next(iter(shards.values())).format
        super().__init__(path, [shard.info(n) for n, shard in self._shards.items()])

    def _read(self, info: TensorInfo) -> Array:
        return self._shards[info.name][info.name]


def _read_index(path: Path) -> dict[str, str]:
    """Tensor name -> plain file name."""
    file = SourceFile(path)
    if file.size > MAX_INDEX_BYTES:
        raise CheckpointError(
            f"{path} must be an index of at most {MAX_INDEX_BYTES} bytes. Received: "
            f"{file.size} bytes. Name the weight file itself."
        )
    index = parse_object(file.read(0, file.size).tobytes(), str(path))
    placed = index.get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise CheckpointError(
            f"{path} must map tensor names to files under `weight_map`. Received: keys "
            f"{', '.join(index)[:200]}. Name the weight file itself."
        )
    for name in cast("dict[str, Any]", placed).values():
        _check_plain(path, name)
    return cast("dict[str, str]", placed)


def _check_plain(path: Path, name: Any) -> None:
    """A file of the index's own folder, under Unix and Windows rules."""
    plain = isinstance(name, str) and name not in ("", ".", "..") and _is_text(name)
    plain = plain and not any(mark in name for mark in "/\\:\0")
    if not plain or len(name.encode()) > MAX_NAME_BYTES:
        raise CheckpointError(
            f"{path} must name files of its own folder. Received: "
            f"{_shown(name)}. An index that leads elsewhere is not followed: "
            "download the model from where you trust it."
        )


def _is_text(name: str) -> bool:
    """JSON can write half a character, which no file name holds."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: Any) -> str:
    return repr(name[:200]) if isinstance(name, str) else type(name).__name__
