"""BERT: config, network, weights."""

from kewen.models.bert.config import BertConfig
from kewen.models.bert.model import HEADS, bert_graph
from kewen.models.bert.weights import WEIGHTS
from kewen.models.registry import Family

FAMILY = Family(
    name="bert",
    config=BertConfig,
    graph=bert_graph,
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
    architectures={
        "BertForPreTraining": ("pooler", "masked_lm", "next_sentence"),
        "BertForNextSentencePrediction": ("pooler", "next_sentence"),
        "BertForSequenceClassification": ("pooler", "sequence_classification"),
        "BertForTokenClassification": ("token_classification",),
        "BertForQuestionAnswering": ("question_answering",),
        "BertForMaskedLM": ("masked_lm",),
        "BertModel": ("pooler",),
    },
    causal_lm="BertLMHeadModel",
    model_type="bert",
)

__all__ = ["FAMILY", "BertConfig", "bert_graph"]
