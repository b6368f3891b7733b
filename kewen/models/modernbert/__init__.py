"""ModernBERT: config, network, weights."""

from kewen.models.modernbert.config import ModernBertConfig
from kewen.models.modernbert.model import HEADS, modernbert_graph
from kewen.models.modernbert.weights import WEIGHTS
from kewen.models.registry import Family

FAMILY = Family(
    name="modernbert",
    config=ModernBertConfig,
    graph=modernbert_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "masked_lm": "mlm_bias/bias",
        "sequence_classification": "classifier/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "ModernBertForSequenceClassification": ("sequence_classification",),
        "ModernBertForTokenClassification": ("token_classification",),
        "ModernBertForQuestionAnswering": ("question_answering",),
        "ModernBertForMaskedLM": ("masked_lm",),
        "ModernBertModel": (),
    },
    model_type="modernbert",
)

__all__ = ["FAMILY", "ModernBertConfig", "modernbert_graph"]
