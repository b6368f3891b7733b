"""The model where it is: Keras, on its backend."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kewen.data import Batches
from kewen.training import predict_rows


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
        batches = Batches(rows, batch_size=batch_size, pad_ids={"token_ids": pad_id})
        return predict_rows(self.model, batches)
