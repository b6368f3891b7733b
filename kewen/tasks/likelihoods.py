"""How likely a model finds what was written, token by token."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kewen.data import Batches, Example
from kewen.tasks.target_models import likelihood_model
from kewen.tasks.target_rows import TargetRows
from kewen.training import predictions

METRICS = ("loss", "perplexity")  # what is measured after each epoch
MOST_ROWS = 16  # at a time
MOST_SCORES = 1 << 26  # of all tokens at all places of a batch


class Likelihoods:
    """The log-probability of each target of each row, by a model as it then is.

    Args:
        logits: of `logits_model`.
        rows: what makes the rows.
    """

    def __init__(self, logits: keras.Model, rows: TargetRows) -> None:
        self.rows = rows
        output: Any = logits.output
        self._vocabulary_size = int(output.shape[-1])
        self._model = likelihood_model(logits)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
        """N rows to N arrays, float32, (T'_n,), in their order."""
        longest = max(len(row["target_ids"]) for row in rows)
        fitting = MOST_SCORES // max(longest * self._vocabulary_size, 1)
        batches = Batches(
            rows,
            batch_size=max(1, min(fitting, MOST_ROWS)),
            max_length=self.rows.longest,
            pad_ids=self.rows.pad_ids,
        )
        found: dict[int, np.ndarray] = {}
        for batch, output in predictions(self._model, batches):
            targets = batch.inputs["target_ids"]
            for index, line, wanted in zip(
                batch.indices.tolist(), output, targets, strict=True
            ):
                if index >= 0:
                    found[index] = line[wanted >= 0]
        return [found[index] for index in range(len(rows))]


def mean_loss(found: Sequence[np.ndarray]) -> float:
    """`-log p` of a token, in the mean over all of them."""
    total = sum(float(each.sum(dtype="float64")) for each in found)
    return -total / sum(map(len, found))


def measure_of(
    logits: keras.Model, rows: TargetRows, examples: Sequence[Example]
) -> Callable[[], dict[str, float]]:
    """A function that scores the examples by the model as it then is."""
    likelihoods, made = Likelihoods(logits, rows), rows(examples)

    def measure() -> dict[str, float]:
        loss = mean_loss(likelihoods(made))
        return dict(zip(METRICS, (loss, math.exp(loss)), strict=True))

    return measure
