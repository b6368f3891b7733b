"""A functional model while it is being drawn."""

from typing import Any

import keras

from kewen import layers
from kewen.models.parts import Parts

Tensor = Any
Attention = tuple[keras.layers.Layer, Tensor, dict[str, Tensor]]


class Graph:
    """Inputs, named outputs, and what a reader may want to look at in between.

    Attributes:
        config: the family's config.
        parts: where the layers come from.
        inputs: by name, in the order of the model.
        hidden_states: the embeddings' output, then every block's, each (B, T, C).
        attentions: every block's attention layer, its input, its other arguments.
        cross_attentions: the same for attention to an encoder.
        outputs: what heads have added, by transformers' field names.
        encoder: of an encoder-decoder, whose decoder is this graph; else None.
        unnormed: the last block's output where a final norm follows, else None.
    """

    def __init__(self, config: Any, parts: Parts) -> None:
        self.config = config
        self.parts = parts
        self.inputs: dict[str, Tensor] = {}
        self.hidden_states: list[Tensor] = []
        self.attentions: list[Attention] = []
        self.cross_attentions: list[Attention] = []
        self.outputs: dict[str, Tensor] = {}
        self.encoder: Graph | None = None
        self.unnormed: Tensor | None = None

    def add_input(
        self, name: str, dtype: str | None, shape: tuple[int | None, ...] = (None,)
    ) -> Tensor:
        """One more input (B, *shape), such as (B, T); a float if `dtype` is None."""
        self.inputs[name] = keras.Input(shape, dtype=dtype, name=name)
        return self.inputs[name]

    def add_positions(self, are_input: bool, longest_text: int | None = None) -> Tensor:
        """int, (B, T): given as `position_ids`, or counted from the tokens.

        `longest_text` is how many there are, where a table has no more.
        """
        if are_input:
            return self.add_input("position_ids", "int32")
        name = "position_ids_of_tokens"
        count = self.parts(layers.PositionsOfTokens, name, longest_text=longest_text)
        return count(self.inputs["padding_mask"])

    def attend(
        self, attention: keras.layers.Layer, hidden: Tensor, **options: Tensor
    ) -> Tensor:
        """What attention gives for (B, T, C), and a note of it; `context` is across."""
        across = "context" in options
        noted = self.cross_attentions if across else self.attentions
        noted.append((attention, hidden, options))
        return attention(hidden, **options)

    def add_final_norm(self, normed: Tensor) -> None:
        """`normed` takes the place of the last block's output."""
        self.unnormed, self.hidden_states[-1] = self.hidden_states[-1], normed

    @property
    def last_hidden_state(self) -> Tensor:
        """Float, (B, T, C)."""
        return self.hidden_states[-1]
