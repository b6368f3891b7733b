"""A functional model while it is being drawn."""

from typing import Any

import keras

from kewen.models.parts import Parts

Tensor = Any
Attention = tuple[keras.layers.Layer, Tensor, dict[str, Tensor]]


class Graph:
    """Inputs, named outputs, and what a reader may want to look at in between.

    Attributes:
        config: the family's config.
        parts: where the layers come from.
        inputs: by name, in the order of the model.
        hidden_states: the embeddings' output, then every block's, each (B, T, C). With
            a norm at the end the last one is its output.
        last_block: what the last block gives where a norm follows; else None.
        attentions: every block's attention layer, its input, its other arguments.
        cross_attentions: the same for attention to an encoder.
        outputs: what heads have added, by transformers' field names.
        encoder: of an encoder-decoder, whose decoder is this graph; else None.
    """

    def __init__(self, config: Any, parts: Parts) -> None:
        self.config = config
        self.parts = parts
        self.inputs: dict[str, Tensor] = {}
        self.hidden_states: list[Tensor] = []
        self.last_block: Tensor | None = None
        self.attentions: list[Attention] = []
        self.cross_attentions: list[Attention] = []
        self.outputs: dict[str, Tensor] = {}
        self.encoder: Graph | None = None

    def add_input(self, name: str, dtype: str | None, *width: int) -> Tensor:
        """One more input of shape (B, T), or (B, T, width); a float if `dtype` is None."""
        self.inputs[name] = keras.Input((None, *width), dtype=dtype, name=name)
        return self.inputs[name]

    @property
    def last_hidden_state(self) -> Tensor:
        """Float, (B, T, C)."""
        return self.hidden_states[-1]
