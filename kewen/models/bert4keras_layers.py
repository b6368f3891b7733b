"""The names that bert4keras gives to layers, and what they are called here."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from kewen.errors import ConfigError
from kewen.models.base import Backbone

# Whole names, and what a name of block i ends with.
_LAYERS = {
    "Embedding-Token": "token_embedding",
    "Embedding-Segment": "segment_embedding",
    "Embedding-Position": "position_embedding",
    "Embedding-Norm": "embeddings_norm",
    "Embedding-Mapping": "embedding_projection",
    "Output-Mapping": "output_projection",
    "Pooler-Dense": "pooler",
    "NSP-Proba": "next_sentence",
    "MLM-Dense": "mlm_dense",
    "MLM-Norm": "mlm_norm",
    "MLM-Bias": "mlm_bias",
    "Encoder-Embedding-Relative-Position": "encoder_position_bias",
    "Encoder-Output-Norm": "encoder_final_norm",
    "Decoder-Embedding-Relative-Position": "decoder_position_bias",
    "Decoder-Output-Norm": "decoder_final_norm",
    "Decoder-Output-LM": "lm_decoder",
    "Discriminator-Dense": "replaced_dense",
    "Discriminator-Prediction": "replaced",
}
_IN_BLOCKS = {
    "MultiHeadSelfAttention": "attention",
    "MultiHeadSelfAttention-Norm": "attention_norm",
    "MultiHeadCrossAttention": "cross_attention",
    "MultiHeadCrossAttention-Norm": "cross_attention_norm",
    "FeedForward": "feedforward",
    "FeedForward-Norm": "feedforward_norm",
    "GatedAttentionUnit": "gated_attention",
    "GatedAttentionUnit-Norm": "gated_attention_norm",
}
# In the order of that layer's `trainable_weights`, which has beta before gamma.
_ORDER = ("beta", "gamma", "hidden/kernel", "beta/kernel", "gamma/kernel")


def layer_of_bert4keras(name: str, model: Backbone) -> Any:
    """The layer of ours that bert4keras calls `name`.

    Example: "Transformer-3-FeedForward" is `block_3_feedforward`.

    Raises:
        ConfigError: if no layer of the model is called so there.
    """
    found = re.fullmatch(r"(Encoder-|Decoder-)?Transformer-(?:(\d+)-)?(.+)", name)
    if found and found[3] in _IN_BLOCKS:
        block = _name_of_block(model, found[1], int(found[2] or 0))
        ours = f"{block}_{_IN_BLOCKS[found[3]]}"
    else:
        ours = _LAYERS.get(name, "")
    layers = {layer.name: layer for layer in model.layers}
    if ours not in layers:
        known = [*_LAYERS, *(f"Transformer-0-{each}" for each in _IN_BLOCKS)]
        raise ConfigError(
            f"A layer of bert4keras must be one that this model has, out of {known}. "
            f"Received: {name!r}. Leave it out, or ask for the option that makes it."
        )
    return layers[ours]


def _name_of_block(model: Backbone, side: str | None, i: int) -> str:
    if side is not None:
        return f"{side.lower().replace('-', '_')}block_{i}"
    named = getattr(model.config, "name_of_block", None)  # where blocks may be shared
    return named(i) if named else f"block_{i}"


def set_weights(model: Backbone, values: Mapping[str, np.ndarray]) -> None:
    """Give a model weights by bert4keras' layers: "MLM-Norm_2" is number 2 of MLM-Norm.

    Only norms and layers of one weight, which its checkpoints can lack, are known.

    Raises:
        ConfigError: if there is no such weight, or its shape is another.
    """
    for key, value in values.items():
        name, _, number = key.rpartition("_")
        weights = _in_their_order(layer_of_bert4keras(name, model))
        array = np.asarray(value)
        if not number.isdigit() or int(number) >= len(weights):
            raise ConfigError(
                f"weight_<layer>_<i> must have a number from 0 to {len(weights) - 1} "
                f"for {name}. Received: {key!r}."
            )
        weight = weights[int(number)]
        if tuple(weight.shape) != array.shape:
            raise ConfigError(
                f"weight_{key} must have the shape {tuple(weight.shape)} here. "
                f"Received: {array.shape}."
            )
        weight.assign(array)


def _in_their_order(layer: Any) -> list[Any]:
    def place(weight: Any) -> int:
        path = weight.path.removeprefix(f"{layer.name}/").removeprefix("condition_")
        return _ORDER.index(path) if path in _ORDER else 0

    return sorted(layer.weights, key=place)
