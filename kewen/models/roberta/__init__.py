"""RoBERTa and XLM-RoBERTa: what differs from BERT."""

from kewen.models.registry import Family
from kewen.models.roberta.config import RobertaConfig
from kewen.models.roberta.model import HEADS, roberta_graph
from kewen.models.roberta.weights import WEIGHTS

FAMILY = Family(
    name="roberta",
    config=RobertaConfig,
    graph=roberta_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "pooler": "pooler/kernel",
        "masked_lm": "mlm_dense/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "RobertaForSequenceClassification": ("sequence_classification",),
        "RobertaForTokenClassification": ("token_classification",),
        "RobertaForQuestionAnswering": ("question_answering",),
        "RobertaForMaskedLM": ("masked_lm",),
        "RobertaModel": ("pooler",),
    },
    causal_lm="RobertaForCausalLM",
    model_type="roberta",
)

__all__ = ["FAMILY", "RobertaConfig", "roberta_graph"]
