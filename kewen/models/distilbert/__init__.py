"""DistilBERT: what differs from BERT."""

from kewen.models.bert import bert_graph
from kewen.models.distilbert.config import DistilBertConfig
from kewen.models.distilbert.model import HEADS
from kewen.models.distilbert.weights import WEIGHTS
from kewen.models.registry import Family

FAMILY = Family(
    name="distilbert",
    config=DistilBertConfig,
    graph=bert_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "masked_lm": "mlm_dense/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "DistilBertForSequenceClassification": ("sequence_classification",),
        "DistilBertForTokenClassification": ("token_classification",),
        "DistilBertForQuestionAnswering": ("question_answering",),
        "DistilBertForMaskedLM": ("masked_lm",),
        "DistilBertModel": (),
    },
    model_type="distilbert",
)

__all__ = ["FAMILY", "DistilBertConfig"]
