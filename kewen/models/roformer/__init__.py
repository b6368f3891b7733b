"""RoFormer: what differs from BERT."""

from kewen.models.registry import Family
from kewen.models.roformer.config import RoformerConfig
from kewen.models.roformer.model import HEADS, roformer_graph
from kewen.models.roformer.weights import WEIGHTS, fields_seen

FAMILY = Family(
    name="roformer",
    config=RoformerConfig,
    graph=roformer_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "pooler": "pooler/kernel",
        "masked_lm": "mlm_dense/kernel",
        "next_sentence": "next_sentence/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "RoFormerForSequenceClassification": ("sequence_classification",),
        "RoFormerForTokenClassification": ("token_classification",),
        "RoFormerForQuestionAnswering": ("question_answering",),
        "RoFormerForMaskedLM": ("masked_lm",),
        "RoFormerModel": (),
    },
    causal_lm="RoFormerForCausalLM",
    model_type="roformer",
    fields_seen=fields_seen,
)

__all__ = ["FAMILY", "RoformerConfig", "roformer_graph"]
