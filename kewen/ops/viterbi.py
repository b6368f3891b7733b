"""The best sequence of labels under scores of each place and of each transition."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.errors import ShapeError

Tensor = Any
NO_LABEL = -1


def viterbi(
    scores: Tensor,
    transitions: Tensor,
    padding_mask: Tensor | None = None,
    *,
    start: Tensor | None = None,
    end: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The labels whose sum of scores is highest, of all sequences.

    Args:
        scores: (B, T, L), of each label at each place; -inf forbids one. Whole numbers
            become floats.
        transitions: float, (L, L), `[i, j]` from label i to the label j after it.
        padding_mask: bool, (B, T), True where a token is; padding may stand anywhere
            and changes nothing. All are tokens if it is not given.
        start: of the first token's label, (L,): float, added to its score; or bool,
            True where a text may begin with it.
        end: of the last token's label, likewise.

    Returns:
        Labels, int32 (B, T), -1 where no token is, and their sums of scores, (B,). The
        sum is -inf if every sequence is forbidden, and 0 for a row without tokens;
        of equal sequences it is one.

    Raises:
        ShapeError: if the shapes do not fit.

    Source: Viterbi, 1967.
    """
    scores = ops.convert_to_tensor(scores)
    if not keras.backend.is_float_dtype(ops.dtype(scores)):
        scores = ops.cast(scores, keras.backend.floatx())
    scan: Any = ops.scan
    transitions = ops.cast(ops.convert_to_tensor(transitions), scores.dtype)
    rows, columns, labels = _checked(scores, transitions, padding_mask, start, end)
    if not columns:
        return ops.zeros((rows, 0), "int32"), ops.zeros((rows,), scores.dtype)
    if padding_mask is None:
        padding_mask = ops.ones((rows, columns), "bool")
    padding_mask = ops.cast(ops.convert_to_tensor(padding_mask), "bool")
    first = _as_scores(start, labels, scores.dtype)
    last = _as_scores(end, labels, scores.dtype)
    own = ops.tile(ops.arange(labels, dtype="int32")[None], (rows, 1))
    seen = ops.cumsum(ops.cast(padding_mask, "int32"), axis=1)

    def forward(carry: Any, column: Any) -> Any:
        best, _ = carry
        here, is_token, is_first = column
        paths = best[:, :, None] + transitions[None]
        before = ops.where(is_first, first[None], ops.max(paths, axis=1))
        goes_on = ops.logical_and(is_token, ops.logical_not(is_first))
        # Where no token is, every path stays at its label.
        came = ops.where(goes_on, ops.cast(ops.argmax(paths, axis=1), "int32"), own)
        carry = ops.where(is_token, before + here, best), came
        return carry, carry  # TensorFlow gives back what looks like the carry only

    by_columns = (
        ops.transpose(scores, (1, 0, 2)),
        ops.transpose(padding_mask)[:, :, None],
        ops.transpose(ops.logical_and(padding_mask, seen == 1))[:, :, None],
    )
    nothing = ops.zeros((rows, labels), scores.dtype), own
    (best, _), (_, came) = scan(forward, nothing, by_columns)
    best = ops.where(seen[:, -1:] > 0, best + last[None], best)
    label = ops.cast(ops.argmax(best, axis=-1), "int32")

    def backward(label: Tensor, came: Tensor) -> Any:
        return ops.take_along_axis(came, label[:, None], axis=1)[:, 0], label

    _, found = scan(backward, label, came, reverse=True)
    found = ops.where(padding_mask, ops.transpose(found), NO_LABEL)
    return ops.cast(found, "int32"), ops.max(best, axis=-1)


def _as_scores(given: Tensor | None, labels: int, dtype: str) -> Tensor:
    if given is None:
        return ops.zeros((labels,), dtype)
    given = ops.convert_to_tensor(given)
    if ops.dtype(given) == "bool":
        return ops.cast(ops.where(given, 0.0, -float("inf")), dtype)
    return ops.cast(given, dtype)


def _checked(
    scores: Tensor,
    transitions: Tensor,
    padding_mask: Tensor | None,
    start: Tensor | None,
    end: Tensor | None,
) -> tuple[int, int, int]:
    shape = tuple(scores.shape)
    wanted = {
        "transitions": (transitions, shape[-1:] * 2),
        "padding_mask": (padding_mask, shape[:2]),
        "start": (start, shape[-1:]),
        "end": (end, shape[-1:]),
    }
    found = {
        name: tuple(np.shape(given))
        for name, (given, _) in wanted.items()
        if given is not None
    }
    if len(shape) != 3 or any(found[name] != wanted[name][1] for name in found):
        raise ShapeError(
            "Viterbi needs scores (B, T, L), transitions (L, L), padding_mask (B, T), "
            f"start and end (L,). Received: scores {shape}, {found}."
        )
    return shape[0], shape[1], shape[2]
