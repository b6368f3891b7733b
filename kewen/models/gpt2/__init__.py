"""GPT-2 and CPM-LM: config, network, weights."""

import dataclasses

from kewen.models import gpt
from kewen.models.gpt2.config import Gpt2Config
from kewen.models.gpt2.model import HEADS, gpt2_graph
from kewen.models.gpt2.weights import WEIGHTS

FAMILY = dataclasses.replace(
    gpt.FAMILY,
    name="gpt2",
    config=Gpt2Config,
    graph=gpt2_graph,
    heads=HEADS,
    weights=WEIGHTS,
    architectures={
        "GPT2ForSequenceClassification": ("sequence_classification",),
        "GPT2LMHeadModel": ("language_model",),
        "GPT2Model": (),
    },
    model_type="gpt2",
)

__all__ = ["FAMILY", "Gpt2Config", "gpt2_graph"]
