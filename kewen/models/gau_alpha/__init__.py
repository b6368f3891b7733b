"""GAU-alpha: RoFormerV2 whose blocks are gated attention units."""

from kewen.models.gau_alpha.config import GauAlphaConfig
from kewen.models.gau_alpha.model import gau_alpha_graph
from kewen.models.gau_alpha.weights import WEIGHTS
from kewen.models.registry import Family
from kewen.models.roformer.weights import fields_seen
from kewen.models.roformer_v2.model import HEADS

FAMILY = Family(
    name="gau_alpha",
    config=GauAlphaConfig,
    graph=gau_alpha_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "masked_lm": "output_projection/kernel",
        "sequence_classification": "classifier_dense/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    # transformers has no GAU-alpha: the names of its tensors are ours.
    architectures={
        "GauAlphaForSequenceClassification": ("sequence_classification",),
        "GauAlphaForTokenClassification": ("token_classification",),
        "GauAlphaForQuestionAnswering": ("question_answering",),
        "GauAlphaForMaskedLM": ("masked_lm",),
        "GauAlphaModel": (),
    },
    tied_heads=("masked_lm",),
    model_type="gau_alpha",
    in_transformers=False,
    fields_seen=fields_seen,
)

__all__ = ["FAMILY", "GauAlphaConfig", "gau_alpha_graph"]
