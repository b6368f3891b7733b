"""Which heads a checkpoint brings along."""

from collections.abc import Mapping
from typing import Any

from kewen.checkpoints import Checkpoint
from kewen.models.registry import Family

# transformers calls both of these tensors "classifier".
SEQUENCE, TOKEN = "sequence_classification", "token_classification"


def own_heads(
    family: Family,
    checkpoint: Checkpoint,
    origin: str,
    config: Any,
    config_json: Mapping[str, Any],
) -> tuple[str, ...]:
    """The heads whose tensors are in the file, in the family's order.

    A tied head has none of its own: it is there, unless `architectures` says the base.
    """
    *_, base = family.architectures
    is_base = base in (config_json.get("architectures") or [])
    tied = family.tied_heads if config.tie_embeddings and not is_base else ()
    found = [
        head
        for head in family.heads
        if head in tied
        or tensor_of(family, family.head_marks[head], checkpoint, origin)
    ]
    rivals = [head for head in family.rivals if head in found]
    found = [head for head in found if head not in rivals[1:]]
    if SEQUENCE in found and TOKEN in found:
        marks = [
            tensor_of(family, family.head_marks[head], checkpoint, origin)
            for head in (SEQUENCE, TOKEN)
        ]
        # Where a classifier of texts has more than a tagger has, its being there tells.
        tags = marks[0] == marks[1] and _tags_tokens(config_json, found)
        found.remove(SEQUENCE if tags else TOKEN)
    return tuple(found)


def tensor_of(
    family: Family, path: str, checkpoint: Checkpoint, origin: str
) -> str | None:
    """The file's tensor for our variable `path`, or None if the file has none."""
    bases = family.weights.bases.get(origin, ("",))
    for row in family.weights.rows:
        if row.ours != (path,) or origin not in row.sources:
            continue
        for pattern, *_ in row.sources[origin].alternatives:
            for base in bases:
                name = pattern.replace("{base}", base)
                if name in checkpoint:
                    return name
    return None


def _tags_tokens(config_json: Mapping[str, Any], found: list[str]) -> bool:
    """A tagger has no pooler; `architectures`, where given, says it outright."""
    architectures = config_json.get("architectures") or []
    if architectures:
        return any("TokenClassification" in str(name) for name in architectures)
    return "pooler" not in found
