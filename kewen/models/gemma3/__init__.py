"""Gemma 3, its text model: config, network, weights."""

import dataclasses

from kewen.models.gemma3.config import Gemma3Config
from kewen.models.gemma3.model import HEADS, gemma3_graph
from kewen.models.gemma3.weights import WEIGHTS
from kewen.models.llama import family_like_llama

FAMILY = dataclasses.replace(
    family_like_llama("gemma3", Gemma3Config, "Gemma3", "gemma3_text"),
    graph=gemma3_graph,
    heads=HEADS,
    weights=WEIGHTS,
    architectures={
        "Gemma3TextForSequenceClassification": ("sequence_classification",),
        "Gemma3ForCausalLM": ("language_model",),
        "Gemma3TextModel": (),
    },
)

__all__ = ["FAMILY", "Gemma3Config", "gemma3_graph"]
