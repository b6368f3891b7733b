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
    head_marks={
        **gpt.FAMILY.head_marks,
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "GPT2ForSequenceClassification": ("sequence_classification",),
        "GPT2ForTokenClassification": ("token_classification",),
        "GPT2ForQuestionAnswering": ("question_answering",),
        "GPT2LMHeadModel": ("language_model",),
        "GPT2Model": (),
    },
    model_type="gpt2",
    fields_seen=None,  # it has no segments, whatever a config says
)

__all__ = ["FAMILY", "Gpt2Config", "gpt2_graph"]
