"""ELECTRA: what differs from BERT."""

from kewen.models.bert import bert_graph
from kewen.models.electra.config import ElectraConfig
from kewen.models.electra.model import HEADS
from kewen.models.electra.weights import RIVALS, WEIGHTS
from kewen.models.registry import Family

FAMILY = Family(
    name="electra",
    config=ElectraConfig,
    graph=bert_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "replaced_token": "replaced_dense/kernel",
        "masked_lm": "mlm_dense/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "ElectraForPreTraining": ("replaced_token",),
        "ElectraForSequenceClassification": ("sequence_classification",),
        "ElectraForTokenClassification": ("token_classification",),
        "ElectraForQuestionAnswering": ("question_answering",),
        "ElectraForMaskedLM": ("masked_lm",),
        "ElectraModel": (),
    },
    causal_lm="ElectraForCausalLM",
    model_type="electra",
    rivals=RIVALS,
)

__all__ = ["FAMILY", "ElectraConfig"]
