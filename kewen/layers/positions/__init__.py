"""How a model knows the order of its tokens."""

from kewen.layers.positions.bucketed import BucketedPositions
from kewen.layers.positions.distance_table import DistanceTable
from kewen.layers.positions.learned import LearnedPositions
from kewen.layers.positions.numbering import PositionsAfterPadding, PositionsOfTokens
from kewen.layers.positions.rotary import RotaryAngles

__all__ = [
    "BucketedPositions",
    "DistanceTable",
    "LearnedPositions",
    "PositionsAfterPadding",
    "PositionsOfTokens",
    "RotaryAngles",
]
