"""RoFormerV2: RoFormer without biases, and without weights in its norms."""

from kewen.models.registry import Family
from kewen.models.roformer.weights import fields_seen
from kewen.models.roformer_v2.config import RoformerV2Config
from kewen.models.roformer_v2.model import HEADS, roformer_v2_graph
from kewen.models.roformer_v2.weights import WEIGHTS

FAMILY = Family(
    name="roformer_v2",
    config=RoformerV2Config,
    graph=roformer_v2_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "masked_lm": "output_projection/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    # transformers has no RoFormerV2: its tensors have RoFormer's names.
    architectures={
        "RoFormerV2ForSequenceClassification": ("sequence_classification",),
        "RoFormerV2ForTokenClassification": ("token_classification",),
        "RoFormerV2ForQuestionAnswering": ("question_answering",),
        "RoFormerV2ForMaskedLM": ("masked_lm",),
        "RoFormerV2Model": (),
    },
    tied_heads=("masked_lm",),
    model_type="roformer_v2",
    in_transformers=False,
    fields_seen=fields_seen,
)

__all__ = ["FAMILY", "RoformerV2Config", "roformer_v2_graph"]
