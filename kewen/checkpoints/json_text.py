"""JSON out of untrusted files: one object, no name twice, bounded, our errors only."""

import json
from typing import Any, cast

from kewen.errors import CheckpointError


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `data`.

    Args:
        data: UTF-8 text.
        what: what it is, for messages: "the header of model.safetensors".

    Raises:
        CheckpointError: if it is no JSON object, or one with a name twice.
    """
    try:
        parsed = json.loads(data, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{what} must be a JSON object. Received: {_short(error)}. The file is "
            "corrupt or of another kind: download it again."
        ) from error
    if not isinstance(parsed, dict):
        raise CheckpointError(
            f"{what} must be a JSON object. Received: {type(parsed).__name__}. The "
            "file is corrupt or of another kind: download it again."
        )
    return cast("dict[str, Any]", parsed)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} twice")
    return found


def _short(error: Exception) -> str:
    return str(error)[:200]
