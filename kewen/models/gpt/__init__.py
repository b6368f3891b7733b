"""OpenAI GPT and CDial-GPT: config, network, weights."""

from kewen.models.decoder_heads import HEADS
from kewen.models.gpt.config import GptConfig
from kewen.models.gpt.model import gpt_graph
from kewen.models.gpt.weights import WEIGHTS, fields_seen
from kewen.models.registry import Family

FAMILY = Family(
    name="gpt",
    config=GptConfig,
    graph=gpt_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "language_model": "lm_decoder/kernel",
        "sequence_classification": "classifier/kernel",
    },
    tied_heads=("language_model",),
    architectures={
        "OpenAIGPTForSequenceClassification": ("sequence_classification",),
        "OpenAIGPTLMHeadModel": ("language_model",),
        "OpenAIGPTModel": (),
    },
    model_type="openai-gpt",
    applications=("lm",),
    fields_seen=fields_seen,
    counts_tokens=True,
)

__all__ = ["FAMILY", "GptConfig", "gpt_graph"]
