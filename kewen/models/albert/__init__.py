"""ALBERT: what differs from BERT."""

from kewen.models.albert.config import AlbertConfig
from kewen.models.albert.model import HEADS
from kewen.models.albert.sharing import unshared
from kewen.models.albert.weights import WEIGHTS
from kewen.models.bert import bert_graph
from kewen.models.registry import Family

FAMILY = Family(
    name="albert",
    config=AlbertConfig,
    graph=bert_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "pooler": "pooler/kernel",
        "masked_lm": "mlm_dense/kernel",
        "sentence_order": "sentence_order/kernel",
        "sequence_classification": "classifier/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "AlbertForPreTraining": ("pooler", "masked_lm", "sentence_order"),
        "AlbertForSequenceClassification": ("pooler", "sequence_classification"),
        "AlbertForTokenClassification": ("token_classification",),
        "AlbertForQuestionAnswering": ("question_answering",),
        "AlbertForMaskedLM": ("masked_lm",),
        "AlbertModel": ("pooler",),
    },
    model_type="albert",
)

__all__ = ["FAMILY", "AlbertConfig", "unshared"]
