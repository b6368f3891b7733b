"""Texts as a model reads them: between its own tokens, padded, so many at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kewen.decoding.mcmc.editable import Ids
from kewen.decoding.strategy import numpy_of
from kewen.errors import ConfigError, DataError, ShapeError

Array = np.ndarray
Model = Callable[[Array, Array], Any]
SCORES, VECTORS = ("N", "L", "V"), ("N", "C")
COLUMN_BUCKET = 8  # few shapes, so few compilations
ROWS = 64  # of scores (rows, columns, vocabulary) that are in memory at a time


def answers(
    model: Model, rows: Sequence[Ids], axes: tuple[str, ...]
) -> Iterator[Array]:
    """What a model says of each text, whose tokens come first.

    Args:
        model: (token_ids, padding_mask) -> float, an array or a tensor of any backend.
            What it is given are arrays, int32 and bool, (N, L), padded on the right
            with id 0.
        rows: texts with all that the model wants around them.
        axes: of what it answers: `SCORES` or `VECTORS`.

    Yields:
        The model's answer of each row, without the axis N.

    Raises:
        ShapeError: if it answers in another shape.
        DataError: if a text has an id that it gives no score.
    """
    longest = max((len(row) for row in rows), default=0)
    columns = max(-(-longest // COLUMN_BUCKET), 1) * COLUMN_BUCKET
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        count = ROWS if start else len(part)  # the last one as large as those before
        ids = np.zeros((count, columns), "int32")
        is_token = np.zeros((count, columns), bool)
        is_token[:, 0] = True  # no row without any token
        for number, row in enumerate(part):
            try:
                ids[number, : len(row)] = row
            except OverflowError:
                raise DataError(
                    f"Ids must fit in int32. Received: {list(row)!r:.80}."
                ) from None
            is_token[number, : len(row)] = True
        found = numpy_of(model(ids, is_token))
        wanted = (count, columns) if axes is SCORES else (count,)
        has_wrong_shape = found.ndim != len(axes) or not found.shape[-1]
        if has_wrong_shape or found.shape[: len(wanted)] != wanted:
            raise ShapeError(
                f"The model must answer ({', '.join(axes)}) numbers, of {count} texts "
                f"of {columns} columns. Received: shape {found.shape}."
            )
        if axes is SCORES and not 0 <= ids.min() <= ids.max() < found.shape[2]:
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise DataError(
                f"Ids must be from 0 to {found.shape[2] - 1}, which the model scores. "
                f"Received: {wrong} in a text."
            )
        yield from found[: len(part)]


def log_softmax(scores: Array) -> Array:
    """Over the last axis, in float64; -inf where all is."""
    scores = np.asarray(scores, "float64")
    highest = scores.max(axis=-1, keepdims=True)
    scores = scores - np.where(highest == -np.inf, 0, highest)
    # Beside the highest the sum is at least 1; where nothing is above -inf, log 1 is.
    total = np.maximum(np.exp(scores).sum(axis=-1, keepdims=True), 1.0)
    return scores - np.log(total)


def check_start(before: Sequence[int]) -> Ids:
    """The ids before a text.

    Raises:
        ConfigError: if there is none, and so nothing from which a first token comes.
    """
    if not len(before):
        raise ConfigError(
            "A language model needs a token before the text, which the first one comes "
            "after. Received: before=(). Give its start token, or a prompt."
        )
    return tuple(int(token) for token in before)
