"""Invented inputs of a report."""

import numpy as np

from kewen.analysis.report import AttentionMap

LABELS = ["business", "体育新闻", "tech"]


def attention(num_layers=2, num_heads=3, side=5, seed=0):
    scores = np.random.default_rng(seed).random((num_layers, num_heads, side, side))
    tokens = ["[CLS]", *(f"词{i}" for i in range(side - 2)), "[SEP]"]
    return AttentionMap(tokens, scores / scores.sum(-1, keepdims=True))
