"""How a model knows the order of its tokens."""

from kewen.layers.positions.bucketed import BucketedPositions
from kewen.layers.positions.distance_table import DistanceTable
from kewen.layers.positions.hierarchical import HierarchicalPositions, check_alpha
from kewen.layers.positions.learned import LearnedPositions
from kewen.layers.positions.numbering import (
    PositionsAfterPadding,
    PositionsInRow,
    PositionsOfTokens,
)
from kewen.layers.positions.relative import RelativePositions
from kewen.layers.positions.rotary import RotaryAngles
from kewen.layers.positions.rotary_table import RotaryTable

__all__ = [
    "BucketedPositions",
    "DistanceTable",
    "HierarchicalPositions",
    "LearnedPositions",
    "PositionsAfterPadding",
    "PositionsInRow",
    "PositionsOfTokens",
    "RelativePositions",
    "RotaryAngles",
    "RotaryTable",
    "check_alpha",
]
