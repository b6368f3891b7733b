"""Keras layers, one a file.

Importing this room registers them all with Keras, so that `keras.models.load_model`
opens a saved model without `custom_objects`.
"""

import kewen.backend.found  # noqa: F401
from kewen.layers.activations import activation, gelu_erf, gelu_tanh
from kewen.layers.aligned_bidirectional import AlignedBidirectional
from kewen.layers.attention import (
    AttentionMask,
    DisentangledAttention,
    GatedAttentionUnit,
    MultiHeadAttention,
    ScoresOf,
)
from kewen.layers.bias import Bias
from kewen.layers.conditional_norm import ConditionalNorm
from kewen.layers.dense import Dense, EinsumDense
from kewen.layers.dropout import Dropout
from kewen.layers.feed_forward import FeedForward
from kewen.layers.initial_values import DeepNormal, TruncatedNormal, Unset
from kewen.layers.pooling import Pooling
from kewen.layers.positions import (
    BucketedPositions,
    DistanceTable,
    HierarchicalPositions,
    LearnedPositions,
    PositionsAfterPadding,
    PositionsInRow,
    PositionsOfTokens,
    RelativePositions,
    RotaryAngles,
    RotaryTable,
    check_alpha,
)
from kewen.layers.reverse_tokens import ReverseTokens
from kewen.layers.rms_norm import RMSNorm
from kewen.layers.saved_backbone import SavedBackbone
from kewen.layers.segment_embedding import SegmentEmbedding
from kewen.layers.soft_cap import SoftCap
from kewen.layers.take_places import TakePlaces
from kewen.layers.token_embedding import TokenEmbedding

__all__ = [
    "AlignedBidirectional",
    "AttentionMask",
    "Bias",
    "BucketedPositions",
    "ConditionalNorm",
    "DeepNormal",
    "Dense",
    "DisentangledAttention",
    "DistanceTable",
    "Dropout",
    "EinsumDense",
    "FeedForward",
    "GatedAttentionUnit",
    "HierarchicalPositions",
    "LearnedPositions",
    "MultiHeadAttention",
    "Pooling",
    "PositionsAfterPadding",
    "PositionsInRow",
    "PositionsOfTokens",
    "RMSNorm",
    "RelativePositions",
    "ReverseTokens",
    "RotaryAngles",
    "RotaryTable",
    "SavedBackbone",
    "ScoresOf",
    "SegmentEmbedding",
    "SoftCap",
    "TakePlaces",
    "TokenEmbedding",
    "TruncatedNormal",
    "Unset",
    "activation",
    "check_alpha",
    "gelu_erf",
    "gelu_tanh",
]
