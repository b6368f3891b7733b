"""How likely a model finds what was written, token by token."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kewen.data import Batches
from kewen.tasks.target_rows import TargetRows
from kewen.training import predictions


def likelihoods(
    model: keras.Model,
    rows: Sequence[Mapping[str, Any]],
    made_by: TargetRows,
    batch_size: int = 16,
) -> list[np.ndarray]:
    """The log-probability of each target of each row.

    Args:
        model: of `likelihood_model`.
        rows: N.
        made_by: what made them.
        batch_size: rows at a time.

    Returns:
        N arrays, float32, (T'_n,), in the order of the rows.
    """
    batches = Batches(
        rows,
        batch_size=batch_size,
        max_length=made_by.max_length,
        pad_ids=made_by.pad_ids,
    )
    found: dict[int, np.ndarray] = {}
    for batch, output in predictions(model, batches):
        for index, line, targets in zip(
            batch.indices.tolist(), output, batch.inputs["target_ids"], strict=True
        ):
            if index >= 0:
                found[index] = line[targets >= 0]
    return [found[index] for index in range(len(rows))]


def mean_loss(found: Sequence[np.ndarray]) -> float:
    """`-log p` of a token, in the mean over all of them."""
    total = sum(float(each.sum(dtype="float64")) for each in found)
    return -total / sum(map(len, found))
