"""NEZHA: what differs from BERT."""

from kewen.models.bert.model import HEADS
from kewen.models.nezha.config import NezhaConfig
from kewen.models.nezha.model import nezha_graph
from kewen.models.nezha.weights import WEIGHTS
from kewen.models.registry import Family

FAMILY = Family(
    name="nezha",
    config=NezhaConfig,
    graph=nezha_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "pooler": "pooler/kernel",
        "masked_lm": "mlm_dense/kernel",
        "next_sentence": "next_sentence/kernel",
        "sequence_classification": "classifier/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    # Of transformers 4; release 5 has no NEZHA.
    architectures={
        "NezhaForPreTraining": ("pooler", "masked_lm", "next_sentence"),
        "NezhaForNextSentencePrediction": ("pooler", "next_sentence"),
        "NezhaForSequenceClassification": ("pooler", "sequence_classification"),
        "NezhaForTokenClassification": ("token_classification",),
        "NezhaForQuestionAnswering": ("question_answering",),
        "NezhaForMaskedLM": ("masked_lm",),
        "NezhaModel": ("pooler",),
    },
    model_type="nezha",
    in_transformers=False,
)

__all__ = ["FAMILY", "NezhaConfig", "nezha_graph"]
