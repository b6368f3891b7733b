"""The model where it is: Keras, on its backend."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kewen.data import Batches
from kewen.ops import on_jax_cpu
from kewen.training import predict_rows

# On JAX' CPU: what lies between two products then stays in the caches, and batches of
# short texts are as much work as those of long ones (docs/design/buckets.md).
CPU_TOKENS = 512
CPU_SHAPES = 8
MULTIPLE = 8  # of lengths


class KerasEngine:
    """See `kewen.engines.Engine`; each shape of a batch is compiled once.

    Args:
        model: inputs by name to one array (B, ...).
    """

    report = ""

    def __init__(self, model: keras.Model) -> None:
        self.model = model

    def predict(
        self, rows: Sequence[Mapping[str, Any]], *, batch_size: int, pad_id: int
    ) -> np.ndarray:
        """See `kewen.engines.Engine.predict`."""
        plan: dict[str, Any] = {"batch_size": batch_size}
        if len(rows) > batch_size and on_jax_cpu():
            longest = max(len(row["token_ids"]) for row in rows) + MULTIPLE - 1
            longest -= longest % MULTIPLE
            tokens = max(longest, min(CPU_TOKENS, batch_size * longest))
            plan = {"tokens_per_batch": tokens, "max_shapes": CPU_SHAPES}
        batches = Batches(
            rows, pad_ids={"token_ids": pad_id}, multiple=MULTIPLE, **plan
        )
        return predict_rows(self.model, batches)
