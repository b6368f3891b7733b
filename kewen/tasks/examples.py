"""Whatever a user calls examples, as a list of `Example`."""

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

from kewen.data import Example, read_examples
from kewen.errors import DataError

Source = str | os.PathLike[str] | Iterable[Example]


def examples_of(source: Source, **columns: Any) -> list[Example]:
    """Read a file (or folder of class folders), or take examples as they are.

    Args:
        source: a path, or examples.
        **columns: as in `read_examples`.

    Raises:
        DataError: if there are none.
    """
    if isinstance(source, str | os.PathLike):
        return list(read_examples(source, **columns))
    examples = list(source) if isinstance(source, Iterable) else []
    if not examples or not isinstance(examples[0], Example):
        raise DataError(
            "Examples are a path, or kewen.data.Example objects, at least one. "
            f"Received: {type(source).__name__} of {len(examples)}."
        )
    return examples


def name_of(source: Source) -> str:
    """How an error calls the source."""
    return (
        os.fspath(source) if isinstance(source, str | os.PathLike) else "the examples"
    )


def digest_of_examples(examples: Iterable[Example]) -> str:
    """The SHA-256 of texts, pairs and labels, in their order."""
    digest = hashlib.sha256()
    for each in examples:
        digest.update(json.dumps([each.text, each.pair, each.label]).encode())
    return digest.hexdigest()


def listed(texts: Iterable[Any], caller: str) -> list[Any]:
    """The texts as a list, also those of a generator.

    Raises:
        DataError: if `texts` is a single one, or nothing of the kind.
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        kind = "one text" if isinstance(texts, str) else type(texts).__name__
        raise DataError(
            f"{caller} takes a list of texts. Received: {kind}. Write [text]."
        )
    return list(texts)
