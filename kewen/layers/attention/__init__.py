"""Attention, its masks, and what can be hooked into it."""

from kewen.layers.attention.attention_mask import AttentionMask
from kewen.layers.attention.disentangled import DisentangledAttention
from kewen.layers.attention.gated_unit import GatedAttentionUnit
from kewen.layers.attention.multi_head import MultiHeadAttention
from kewen.layers.attention.scores_of import ScoresOf

__all__ = [
    "AttentionMask",
    "DisentangledAttention",
    "GatedAttentionUnit",
    "MultiHeadAttention",
    "ScoresOf",
]
