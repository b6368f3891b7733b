"""GPT2_ML: config, network, weights."""

import dataclasses

from kewen.models import gpt
from kewen.models.gpt2_ml.config import Gpt2MlConfig
from kewen.models.gpt2_ml.model import gpt2_ml_graph
from kewen.models.gpt2_ml.weights import WEIGHTS

FAMILY = dataclasses.replace(
    gpt.FAMILY,
    name="gpt2_ml",
    config=Gpt2MlConfig,
    graph=gpt2_ml_graph,
    weights=WEIGHTS,
    architectures={
        "GPT2MLForSequenceClassification": ("sequence_classification",),
        "GPT2MLLMHeadModel": ("language_model",),
        "GPT2MLModel": (),
    },
    model_type="gpt2_ml",
    in_transformers=False,
    fields_seen=None,  # it has no segments, whatever a config says
)

__all__ = ["FAMILY", "Gpt2MlConfig", "gpt2_ml_graph"]
