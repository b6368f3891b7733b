"""What a tokenizer is given: texts, and ids."""

import re
from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kewen.errors import DataError

# Half of a surrogate pair is no character and cannot be UTF-8; it counts as U+FFFD.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def checked_texts(texts: object, what: str) -> list[str]:
    """A list of strings that are UTF-8.

    Raises:
        DataError: if they are anything else; `what` is their name in it.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise DataError(
            f"Every {what} must be a string, or one in a list of strings. "
            f"Received: {type(texts).__name__}: {texts!r:.80}."
        )
    return [
        _checked_one(text, what, index)
        for index, text in enumerate(cast("Iterable[object]", texts))
    ]


def _checked_one(text: object, what: str, index: int) -> str:
    if not isinstance(text, str):
        raise DataError(
            f"Every {what} must be a string. "
            f"Received: {type(text).__name__} at index {index}: {text!r:.80}."
        )
    return _LONE_SURROGATE.sub("\ufffd", text)


def checked_ids(
    ids: Iterable[int] | NDArray[np.integer[Any]], vocabulary_size: int
) -> list[int]:
    """Ids from 0 to V - 1, in one row.

    Raises:
        DataError: if they are anything else.
    """
    try:
        array = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
    except (TypeError, ValueError) as error:  # one number, or rows of many lengths
        raise DataError(
            f"Ids must be whole numbers in one row, (T,). Received: {ids!r:.80}. "
            "Decode one id as [id], and a batch row by row."
        ) from error
    if array.dtype.kind in "UO":
        raise DataError(
            f"Ids must be whole numbers in one row, (T,). Received: {ids!r:.80}. Look "
            "tokens up with `token_to_id`."
        )
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise DataError(
            "Ids must be whole numbers in one row, (T,). "
            f"Received: {array.dtype} {array.shape}. Decode a batch row by row."
        )
    outside = array[(array < 0) | (array >= vocabulary_size)]
    if outside.size:
        raise DataError(
            f"Ids must be from 0 to {vocabulary_size - 1}. "
            f"Received: {outside[:5].tolist()}. Is this the model's own tokenizer?"
        )
    return [int(number) for number in array]
