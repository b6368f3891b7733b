"""The frame of an encoder-decoder, or of one of its halves.

    token_ids, padding_mask -> encoder -> encoder_last_hidden_state, (B, S, C)
    decoder_token_ids, decoder_padding_mask, encoder_last_hidden_state, padding_mask
      -> decoder -> last_hidden_state, (B, T, C)

The family draws the two stacks; the inputs, the masks and what is whose are the same
for all.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from kewen import layers
from kewen.errors import ConfigError
from kewen.models.config import Config
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any
WHOLE, ENCODER, DECODER = APPLICATIONS = ("encoder_decoder", "encoder", "decoder")
CONTEXT = "encoder_last_hidden_state"


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncoderDecoderConfig(Config):
    """Sizes of both stacks; `num_layers` is the encoder's."""

    num_decoder_layers: int | None = None  # as many as the encoder has if None

    @property
    def decoder_layers(self) -> int:
        """Of the decoder."""
        given = self.num_decoder_layers
        return self.num_layers if given is None else given

    @property
    def layer_counts(self) -> Mapping[str, int]:
        """{i} counts the encoder's blocks, {j} the decoder's."""
        return {"i": self.num_layers, "j": self.decoder_layers}


def encoder_decoder_graph(
    config: Any,
    parts: Parts,
    *,
    encode: Callable[[Graph, Tensor, Tensor], None],
    decode: Callable[[Graph, Tensor, Tensor, Tensor, Tensor], None],
    application: str = WHOLE,
    position_input: bool = False,
) -> Graph:
    """Both stacks, the encoder alone, or the decoder over given encoder states.

    Args:
        config: of the family.
        parts: where the layers come from.
        encode: draws the encoder over ids and mask.
        decode: draws the decoder over ids, context and the masks of both.
        application: one of `APPLICATIONS`.
        position_input: not offered here.

    Returns:
        The decoder's graph, which knows its `encoder`; alone, the one stack's.

    Raises:
        ConfigError: if positions are to be an input.
    """
    if position_input:
        raise ConfigError(
            "An encoder-decoder counts its positions itself, those of two texts. "
            "Received: position_input=True. Leave position_ids out."
        )
    graph = Graph(config, parts)
    if application == DECODER:
        graph.add_input(CONTEXT, None, (None, config.hidden_dim))
    else:
        graph.add_input("token_ids", "int32")
    graph.add_input("padding_mask", "bool")
    context_mask = _mask(parts, "encoder_mask", "bidirectional", graph, "padding_mask")
    if application == ENCODER:
        encode(graph, graph.inputs["token_ids"], context_mask)
        return graph
    if application == WHOLE:
        graph.encoder = Graph(config, parts)
        graph.encoder.inputs = graph.inputs
        encode(graph.encoder, graph.inputs["token_ids"], context_mask)
        graph.outputs[CONTEXT] = graph.encoder.last_hidden_state
    context = graph.outputs.get(CONTEXT, graph.inputs.get(CONTEXT))
    token_ids = graph.add_input("decoder_token_ids", "int32")
    graph.add_input("decoder_padding_mask", "bool")
    mask = _mask(parts, "decoder_mask", "causal", graph, "decoder_padding_mask")
    decode(graph, token_ids, context, mask, context_mask)
    return graph


def _mask(parts: Parts, name: str, kind: str, graph: Graph, tokens: str) -> Tensor:
    return parts(layers.AttentionMask, name, kind=kind)(graph.inputs[tokens])
