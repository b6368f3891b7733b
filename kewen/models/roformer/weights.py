"""RoFormer's weights: BERT's names, and transformers' own for its classifier."""

from collections.abc import Mapping
from typing import Any

from kewen.checkpoints import Row, WeightMap
from kewen.models.bert.weights import (
    ENCODER,
    PRETRAINING,
    TAGGER_AND_SPAN,
    TRAINING_STATE,
)
from kewen.models.weight_rows import dense

ROWS = [
    # bert4keras computes them.
    Row(
        "rotary_table/embeddings",
        hf="{base}encoder.embed_positions.weight",
        tf="bert/encoder/embed_positions",
    ),
    *ENCODER,
    *PRETRAINING,
    *dense("classifier_dense", "classifier.dense", "classifier/dense"),
    *dense("classifier", "classifier.out_proj", "classifier/out_proj"),
    *TAGGER_AND_SPAN,
    *TRAINING_STATE,
]

WEIGHTS = WeightMap(ROWS, bases={"hf": ("roformer.", "")})


def fields_seen(
    checkpoint: Mapping[str, Any], config_json: Mapping[str, Any]
) -> dict[str, Any]:
    """Whether a file brings a table of angles along."""
    return {
        "rotary_table": any(
            "encoder.embed_positions" in n.replace("/", ".") for n in checkpoint
        )
    }
