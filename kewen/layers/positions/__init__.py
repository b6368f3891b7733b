"""How a model knows the order of its tokens."""

from kewen.layers.positions.learned import LearnedPositions
from kewen.layers.positions.numbering import PositionsAfterPadding

__all__ = ["LearnedPositions", "PositionsAfterPadding"]
