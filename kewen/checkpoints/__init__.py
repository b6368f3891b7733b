"""Weight files as lazy mappings, and the tables that map them to our variables."""

from kewen.checkpoints.account import (
    Account,
    Misshaped,
    Missing,
    Skipped,
    Used,
    WeightsWarning,
)
from kewen.checkpoints.checkpoint import Checkpoint, TensorInfo
from kewen.checkpoints.transforms import (
    MERGE_HEADS,
    SPLIT_HEADS,
    TRANSPOSE,
    Concat,
    Permute,
    Split,
    Transform,
    Unflatten,
)
from kewen.checkpoints.weight_map import Loaded, Row, Skip, Source, WeightMap

__all__ = [
    "MERGE_HEADS",
    "SPLIT_HEADS",
    "TRANSPOSE",
    "Account",
    "Checkpoint",
    "Concat",
    "Loaded",
    "Misshaped",
    "Missing",
    "Permute",
    "Row",
    "Skip",
    "Skipped",
    "Source",
    "Split",
    "TensorInfo",
    "Transform",
    "Unflatten",
    "Used",
    "WeightMap",
    "WeightsWarning",
]
