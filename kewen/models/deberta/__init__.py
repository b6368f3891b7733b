"""DeBERTa-v2 and v3: config, network, weights."""

from collections.abc import Mapping
from typing import Any

from kewen.models.deberta.config import DebertaConfig
from kewen.models.deberta.model import HEADS, deberta_graph
from kewen.models.deberta.weights import NEW_HEAD, WEIGHTS
from kewen.models.registry import Family


def fields_seen(
    checkpoint: Mapping[str, Any], config_json: Mapping[str, Any]
) -> dict[str, Any]:
    """Published files have the new head, and configs that do not say so."""
    return {"legacy_masked_lm": False} if f"{NEW_HEAD}.bias" in checkpoint else {}


FAMILY = Family(
    name="deberta",
    config=DebertaConfig,
    graph=deberta_graph,
    heads=HEADS,
    weights=WEIGHTS,
    head_marks={
        "pooler": "pooler/kernel",
        "masked_lm": "mlm_dense/kernel",
        "sequence_classification": "classifier/kernel",
        "token_classification": "tagger/kernel",
        "question_answering": "span/kernel",
    },
    architectures={
        "DebertaV2ForSequenceClassification": ("pooler", "sequence_classification"),
        "DebertaV2ForTokenClassification": ("token_classification",),
        "DebertaV2ForQuestionAnswering": ("question_answering",),
        "DebertaV2ForMaskedLM": ("masked_lm",),
        "DebertaV2Model": (),
    },
    model_type="deberta-v2",
    fields_seen=fields_seen,
)

__all__ = ["FAMILY", "DebertaConfig", "deberta_graph"]
