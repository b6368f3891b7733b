"""A model as its training sees it: scores only where something is to be predicted.

token_ids ... -> backbone -> hidden (B, T, C) -> those at target_places (B, T', C)
-> logits (B, T', V)
"""

from typing import Any

import keras

from kewen import layers
from kewen.errors import ConfigError
from kewen.models import Backbone
from kewen.models.cached_step import token_scores
from kewen.ops import log_probability

Tensor = Any
# What rows of texts have; see `TargetRows`.
GIVEN = (
    "token_ids",
    "segment_ids",
    "padding_mask",
    "decoder_token_ids",
    "decoder_padding_mask",
)


def logits_model(model: Backbone) -> keras.Model:
    """Inputs of the model, and `target_places`, to logits (B, T', V), weights shared.

    The scores of a whole vocabulary are most of what a small model computes, and a
    source needs none. Of a decoder beside an encoder every token is a target, and there
    are no places.

    Raises:
        ConfigError: if the model needs more than texts say.
    """
    strange = [name for name in model.inputs_by_name if name not in GIVEN]
    if strange:
        raise ConfigError(
            f"A writer learns from texts, which give {list(GIVEN)}. Received: a model "
            f"with the inputs {strange}. Draw it without them: model.redrawn(...)."
        )
    body = model.redrawn(heads=(), collect=())
    inputs = body.inputs_by_name
    hidden = body.output
    if isinstance(hidden, dict):
        hidden = hidden["last_hidden_state"]
    if model.application != "encoder_decoder":
        places = keras.Input((None,), dtype="int32", name="target_places")
        dtype = model.dtype_of_layers
        take = layers.TakePlaces(name="target_states", dtype=dtype)
        hidden = take(hidden, places)
        inputs = {**inputs, "target_places": places}
    return keras.Model(inputs, token_scores(model, hidden), name="logits_of_targets")


def likelihood_model(logits: keras.Model) -> keras.Model:
    """The same, and `target_ids`, (B, T'), to their log-probabilities, (B, T')."""
    ids = keras.Input((None,), dtype="int32", name="target_ids")
    inputs = {**{tensor.name: tensor for tensor in logits.inputs}, "target_ids": ids}
    return keras.Model(inputs, log_probability(logits.output, ids))
