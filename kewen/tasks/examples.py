"""Whatever a user calls examples, as a list of `Example`."""

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

from kewen.data import (
    Example,
    StreamedExamples,
    read_examples,
    stream_examples,
)
from kewen.data.streaming import is_large
from kewen.errors import ConfigError, DataError

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


def training_examples(
    source: Source,
    stream: bool | None,
    tokens_per_batch: int | None = None,
    **columns: Any,
) -> list[Example] | StreamedExamples:
    """The examples in memory, or those of a file that stays on the disk.

    Args:
        source: as for `examples_of`, or streamed already.
        stream: whether to stream; None for by size.
        tokens_per_batch: with it nothing is streamed, because the steps of an epoch
            would be known only when all texts are encoded.
        **columns: as in `read_examples`.

    Raises:
        ConfigError: if streaming is asked for and cannot be.
        DataError: if there are no examples.
    """
    is_path = isinstance(source, str | os.PathLike)
    if stream is False:
        return examples_of(source, **columns)
    if stream or isinstance(source, StreamedExamples):
        if tokens_per_batch is not None:
            raise ConfigError(
                "A streamed file is trained on in batches of batch_size texts. "
                f"Received: {tokens_per_batch=}. Leave it out, or read the file into "
                "memory with stream=False."
            )
        if isinstance(source, StreamedExamples):
            return source
        if not is_path:
            raise ConfigError(
                "Only a file can be streamed. Received: stream=True with "
                f"{type(source).__name__}. Give its path."
            )
        return stream_examples(source, **columns)
    encoding = columns.get("encoding", "utf-8")
    if is_path and tokens_per_batch is None and is_large(source, encoding):
        return stream_examples(source, **columns)
    return examples_of(source, **columns)


def name_of(source: Source) -> str:
    """How an error calls the source."""
    if isinstance(source, StreamedExamples):
        return str(source.path)
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
