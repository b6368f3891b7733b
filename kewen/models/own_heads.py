"""Which heads a checkpoint brings along."""

from collections.abc import Mapping
from typing import Any

from kewen.checkpoints import Checkpoint
from kewen.models.registry import Family, heads_of_architectures

# Heads that some of transformers' classes call alike -> what those classes are called.
_CLASSIFIERS = {
    "sequence_classification": "SequenceClassification",
    "token_classification": "TokenClassification",
    "question_answering": "QuestionAnswering",
}
SEQUENCE, TOKEN, _ = _CLASSIFIERS


def own_heads(
    family: Family,
    checkpoint: Checkpoint,
    origin: str,
    config: Any,
    config_json: Mapping[str, Any],
    noted: Any = (),
) -> tuple[str, ...]:
    """The heads whose tensors are in the file, in the family's order.

    A tied head has none of its own: it is there, unless `architectures` says the base.

    Args:
        family: the model's.
        checkpoint: the file.
        origin: whose names it has.
        config: the model's.
        config_json: as it was read.
        noted: the heads that kewen saved, if it did. Some are called alike, so where
            all of these can be there, it is these.
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
    if isinstance(noted, list) and noted:
        ours = tuple(head for head in family.heads if head in noted)
        if len(ours) == len(noted) and {*ours} <= {*found, *family.tied_heads}:
            return ours
    rivals = rivals_in(family, checkpoint, origin)
    named = [h for h in heads_of_architectures(family, config_json) if h in rivals]
    read = [*named, *rivals][:1]
    found = [head for head in found if head not in rivals or head in read]
    marks = {
        head: tensor_of(family, family.head_marks[head], checkpoint, origin)
        for head in _CLASSIFIERS
        if head in found
    }
    alike = [head for head in marks if list(marks.values()).count(marks[head]) > 1]
    if alike:
        meant = _meant(config_json, alike, found)
        found = [head for head in found if head not in alike or head == meant]
    elif SEQUENCE in found and TOKEN in found:
        found.remove(TOKEN)  # a classifier of texts has a tagger's tensors, and more
    return tuple(found)


def rivals_in(family: Family, checkpoint: Checkpoint, origin: str) -> list[str]:
    """The heads of different networks that are in the file."""
    return [
        head
        for head in family.rivals
        if tensor_of(family, family.head_marks[head], checkpoint, origin)
    ]


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


def _meant(config_json: Mapping[str, Any], alike: list[str], found: list[str]) -> str:
    """Which it is, `architectures` says; if not: a tagger has no pooler."""
    for name in map(str, config_json.get("architectures") or ()):
        for head in alike:
            if _CLASSIFIERS[head] in name:
                return head
    return SEQUENCE if "pooler" in found or config_json.get("architectures") else TOKEN
