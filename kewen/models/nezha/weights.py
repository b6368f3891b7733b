"""NEZHA's weights: BERT's names, and a prefix of its own in transformers."""

from kewen.checkpoints import Skip, WeightMap
from kewen.models.bert.weights import ENCODER, HEADS, TRAINING_STATE

WEIGHTS = WeightMap(
    [
        *ENCODER,
        *HEADS,
        *TRAINING_STATE,
        Skip(
            "*relative_positions_encoding.positions_encoding",
            because="a buffer of sines that the distances give",
            origin="hf",
        ),
    ],
    bases={"hf": ("nezha.", "bert.", "")},
)
