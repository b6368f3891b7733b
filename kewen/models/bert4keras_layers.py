"""The names that bert4keras gives to layers, and what they are called here."""

import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kewen.errors import ConfigError

# What stands there -> what stands here, the first that the model has.
_LAYERS = {
    "Input-Token": ("token_ids",),
    "Input-Segment": ("segment_ids",),
    "Input-Position": ("position_ids",),
    "Encoder-Input-Token": ("token_ids",),
    "Decoder-Input-Token": ("decoder_token_ids",),
    "Input-Context": ("encoder_last_hidden_state",),
    "Masked-Context": ("encoder_mask",),
    "Attention-LM-Mask": ("causal_mask", "decoder_mask"),
    "Attention-UniLM-Mask": ("unilm_mask",),
    "Embedding-Token": ("token_embedding",),
    "Embedding-Segment": ("segment_embedding",),
    # A segment table adds by itself here.
    "Embedding-Token-Segment": ("segment_embedding_add", "segment_embedding"),
    "Embedding-Position": ("position_embedding",),
    "Embedding-Relative-Position": ("relative_positions",),
    "Embedding-Rotary-Position": ("rotary_angles", "rotary_table"),
    "Embedding-Norm": ("embeddings_norm",),
    "Embedding-Dropout": ("embeddings_dropout",),
    "Embedding-Mapping": ("embedding_projection",),
    "Encoder-Embedding-Dropout": ("encoder_embeddings_dropout",),
    "Decoder-Embedding-Dropout": ("decoder_embeddings_dropout",),
    "Encoder-Embedding-Relative-Position": ("encoder_position_bias",),
    "Decoder-Embedding-Relative-Position": ("decoder_position_bias",),
    "Pooler": ("first_column",),
    "Pooler-Dense": ("pooler",),
    "NSP-Proba": ("next_sentence", "sentence_order"),
    "MLM-Dense": ("mlm_dense",),
    "MLM-Norm": ("mlm_norm",),
    "MLM-Bias": ("mlm_bias",),
    "Output-Norm": ("final_norm",),
    "Output-Mapping": ("output_projection",),
    "Output-MLM-Dropout": ("output_dropout",),
    "Encoder-Output-Norm": ("encoder_final_norm",),
    "Encoder-Output-Dropout": ("encoder_final_dropout",),
    "Decoder-Output-Norm": ("decoder_final_norm",),
    "Decoder-Output-Dropout": ("decoder_final_dropout",),
    "Decoder-Output-Scale": ("lm_scale",),
    "Decoder-Output-LM": ("lm_decoder",),
    "Discriminator-Dense": ("replaced_dense",),
    "Discriminator-Prediction": ("replaced",),
}
_IN_BLOCKS = {
    "MultiHeadSelfAttention": "attention",
    "MultiHeadCrossAttention": "cross_attention",
    "FeedForward": "feedforward",
    "GatedAttentionUnit": "gated_attention",
}
_AFTER = ("", "-Dropout", "-Add", "-Norm")
_OF_GPT2_ML = {
    "FeedForward-Norm-0": "feedforward_norm",
    "FeedForward-Norm-1": "output_norm",
}
# What is not drawn here, and what to look at instead.
_NOT_HERE = {
    "MLM-Activation": "`mlm_logits` stand before it",
    "Output-MLM-Activation": "`mlm_logits` stand before it",
    "LM-Activation": "`lm_logits` stand before it",
    "Dencoder-Output-LM-Activation": "`lm_logits` stand before it",
    "Output-Dropout": "GPT-2's last dropout is bert4keras' own; take Output-Norm",
    "Encoder-Output-Masked": "padding is masked where it is looked at",
}
# In the order of that layer's `trainable_weights`, which has beta before gamma.
_ORDER = ("beta", "gamma", "hidden/kernel", "beta/kernel", "gamma/kernel")


def layer_of_bert4keras(name: str, model: keras.Model) -> Any:
    """See `Backbone.layer_of_bert4keras`."""
    if name in _NOT_HERE:
        raise ConfigError(
            f"{name!r} of bert4keras is no layer here: {_NOT_HERE[name]}. "
            f"Received: {name!r}."
        )
    ours = [each for each in _LAYERS.get(name, ()) if _has(model, each)]
    found = re.fullmatch(
        r"(Encoder-|Decoder-)?Transformer-(?:(0|[1-9]\d*)-)?(.+)", name
    )
    if found:
        parts = {
            f"{theirs}{after}": f"{here}{after.lower().replace('-', '_')}"
            for theirs, here in _IN_BLOCKS.items()
            for after in _AFTER
        }
        block = _name_of_block(model, found[1], int(found[2] or 0))
        part = {**parts, **_OF_GPT2_ML}.get(found[3])
        ours = [each for each in [f"{block}_{part}"] if _has(model, each)]
    if not ours:
        known = [n for n, each in _LAYERS.items() if any(_has(model, e) for e in each)]
        known += _known_blocks(model)
        raise ConfigError(
            f"A layer of bert4keras must be one that this model has, out of {known}. "
            f"Received: {name!r}. Leave it out, or ask for the option that makes it."
        )
    return model.get_layer(ours[0])


def _known_blocks(model: keras.Model) -> list[str]:
    """Names of the layers of the first blocks, i for their number."""
    sides = {"": None, "Encoder-": "Encoder-", "Decoder-": "Decoder-"}
    here = {f"{s}Transformer-i-": _name_of_block(model, n, 0) for s, n in sides.items()}
    return [
        f"{start}{theirs}{after}"
        for start, block in here.items()
        for theirs, ours in _IN_BLOCKS.items()
        for after in _AFTER
        if _has(model, f"{block}_{ours}{after.lower().replace('-', '_')}")
    ]


def _has(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)


def _name_of_block(model: Any, side: str | None, i: int) -> str:
    if side is not None:
        return f"{side.lower().replace('-', '_')}block_{i}"
    named = getattr(model.config, "name_of_block", None)  # where blocks may be shared
    return named(i) if named else f"block_{i}"


def set_weights(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
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
