"""From a model and batches to a trained model."""

import kewen.backend.found  # noqa: F401
from kewen.training.fit import fit
from kewen.training.history import History
from kewen.training.restart import has_state, remove_state
from kewen.training.run import predict_rows, predictions
from kewen.training.seeds import seeded

__all__ = [
    "History",
    "fit",
    "has_state",
    "predict_rows",
    "predictions",
    "remove_state",
    "seeded",
]
