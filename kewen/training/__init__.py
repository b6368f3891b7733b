"""From a model and batches to a trained model."""

from kewen.training.fit import fit
from kewen.training.history import History
from kewen.training.run import predict_rows
from kewen.training.seeds import seeded

__all__ = ["History", "fit", "predict_rows", "seeded"]
