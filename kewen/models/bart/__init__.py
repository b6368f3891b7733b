"""BART: config, network, weights."""

from kewen.models.bart.config import BartConfig
from kewen.models.bart.model import HEADS, bart_graph
from kewen.models.bart.weights import WEIGHTS
from kewen.models.encoder_decoder import APPLICATIONS, ENCODER
from kewen.models.registry import Family

FAMILY = Family(
    name="bart",
    config=BartConfig,
    graph=bart_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={"language_model": "lm_bias/bias"},
    tied_heads=("language_model",),
    architectures={
        "BartForConditionalGeneration": ("language_model",),
        "BartModel": (),
    },
    headless={ENCODER: None},
    buffers=("lm_bias/bias",),
    model_type="bart",
    applications=APPLICATIONS,
)

__all__ = ["FAMILY", "BartConfig", "bart_graph"]
