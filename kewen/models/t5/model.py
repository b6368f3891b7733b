"""T5, from top to bottom.

Features of the architecture: an encoder-decoder over one token table; RMS norm before
each sublayer and at the end of each stack; no biases; scores that are not scaled;
positions only as a bias of self-attention's scores, one for all blocks of a stack;
T5.1.1 has gates in the feed-forward layers.

    token_ids -> tokens, dropout
      -> encoder_block_{i}  norm, attention, dropout, add; norm, feed-forward, ...
      -> norm, dropout -> encoder_last_hidden_state, (B, S, C)
    decoder_token_ids -> tokens, dropout
      -> decoder_block_{j}  the same, with cross-attention between the two
      -> norm, dropout -> last_hidden_state, (B, T, C)

Source: Raffel et al., 2020, section 2.1 (arXiv 1910.10683); dropout: 3.1.2.
T5.1.1: Shazeer, 2020 (arXiv 2002.05202). mT5: Xue et al., 2021 (arXiv 2010.11934).
"""

import functools
from typing import Any

import keras

from kewen import heads, layers
from kewen.models.encoder_decoder import encoder_decoder_graph
from kewen.models.graph import Graph
from kewen.models.t5.config import T5Config

Tensor = Any


def encode(graph: Graph, token_ids: Tensor, mask: Tensor) -> None:
    """The encoder's stack: (B, S) ids to (B, S, C)."""
    hidden = embeddings(graph, "encoder", token_ids)
    bias = position_bias(graph, "encoder", hidden)
    for i in range(graph.config.num_layers):
        name = f"encoder_block_{i}"
        hidden = attention(
            graph, f"{name}_attention", hidden, attention_mask=mask, bias=bias
        )
        hidden = feed_forward(graph, f"{name}_feedforward", hidden)
        graph.hidden_states.append(hidden)
    finish(graph, "encoder")


def decode(
    graph: Graph, token_ids: Tensor, context: Tensor, mask: Tensor, context_mask: Tensor
) -> None:
    """The decoder's stack: (B, T) ids and (B, S, C) context to (B, T, C)."""
    hidden = embeddings(graph, "decoder", token_ids)
    bias = position_bias(graph, "decoder", hidden)
    options: dict[str, Any] = {"context": context, "attention_mask": context_mask}
    if graph.config.cross_position_bias:
        options["bias"] = position_bias(graph, "decoder", hidden, context)
    for j in range(graph.config.decoder_layers):
        name = f"decoder_block_{j}"
        hidden = attention(
            graph, f"{name}_attention", hidden, attention_mask=mask, bias=bias
        )
        hidden = attention(graph, f"{name}_cross_attention", hidden, **options)
        hidden = feed_forward(graph, f"{name}_feedforward", hidden)
        graph.hidden_states.append(hidden)
    finish(graph, "decoder")


def embeddings(graph: Graph, side: str, token_ids: Tensor) -> Tensor:
    """Tokens and nothing else: (B, T) ids to (B, T, C)."""
    hidden = dropout(
        graph, f"{side}_embeddings_dropout", token_embedding(graph)(token_ids)
    )
    graph.hidden_states.append(hidden)
    return hidden


def token_embedding(graph: Graph) -> keras.layers.Layer:
    """The table of both sides, and of a tied head."""
    config = graph.config
    return graph.parts(
        layers.TokenEmbedding,
        "token_embedding",
        input_dim=config.vocabulary_size,
        output_dim=config.hidden_dim,
        embeddings_initializer=initializer(config, 1),
    )


def position_bias(
    graph: Graph, side: str, queries: Tensor, keys: Tensor | None = None
) -> Tensor:
    """What distances add to the scores: (1, H, T, S)."""
    config = graph.config
    layer = graph.parts(
        layers.BucketedPositions,
        f"{side}_position_bias",
        num_heads=config.num_heads,
        num_buckets=config.num_buckets,
        max_distance=config.max_distance,
        bidirectional=side == "encoder",
        initializer=initializer(config, config.hidden_dim),
    )
    return layer(queries) if keys is None else layer(queries, keys)


def attention(graph: Graph, name: str, hidden: Tensor, **options: Any) -> Tensor:
    """`hidden + dropout(attention(norm(hidden)))`: (B, T, C) to (B, T, C)."""
    config, parts = graph.config, graph.parts
    layer = parts(
        layers.MultiHeadAttention,
        name,
        num_heads=config.num_heads,
        head_dim=config.size_of_head,
        use_bias=False,
        dropout=config.probability_dropout,
        scale=1.0,
        kernel_initializer=initializer(config, config.hidden_dim),
        query_initializer=initializer(config, config.hidden_dim * config.size_of_head),
    )
    seen = graph.attend(layer, norm(graph, f"{name}_norm", hidden), **options)
    seen = dropout(graph, f"{name}_dropout", seen)
    return parts(keras.layers.Add, f"{name}_add")([hidden, seen])


def feed_forward(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """`hidden + dropout(feed_forward(norm(hidden)))`: (B, T, C) to (B, T, C)."""
    config, parts = graph.config, graph.parts
    thought = parts(
        layers.FeedForward,
        name,
        intermediate_dim=config.intermediate_dim,
        activation=config.activation_function,
        gated=config.is_gated,
        use_bias=False,
        dropout=config.dropout,
        kernel_initializer=initializer(config, config.hidden_dim),
    )(norm(graph, f"{name}_norm", hidden))
    thought = dropout(graph, f"{name}_dropout", thought)
    return parts(keras.layers.Add, f"{name}_add")([hidden, thought])


def finish(graph: Graph, side: str) -> None:
    """Norm and dropout of the last hidden state."""
    normed = norm(graph, f"{side}_final_norm", graph.hidden_states[-1])
    graph.add_final_norm(dropout(graph, f"{side}_final_dropout", normed))


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """RMS norm with the checkpoint's own epsilon."""
    return graph.parts(layers.RMSNorm, name, epsilon=graph.config.norm_epsilon)(hidden)


def dropout(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Dropout at the config's common rate."""
    return graph.parts(layers.Dropout, name, rate=graph.config.dropout)(hidden)


def initializer(config: T5Config, width: int) -> layers.TruncatedNormal:
    """First values of a kernel whose inputs are `width` numbers.

    A query's are smaller by sqrt(D), in place of scaled scores.
    """
    return layers.TruncatedNormal(stddev=config.initializer_factor * width**-0.5)


def draw_language_model(graph: Graph) -> None:
    """`lm_logits`, (B, T, V): of the token after each of the decoder's."""
    config, hidden = graph.config, graph.last_hidden_state
    if config.scales_head:
        scale = config.hidden_dim**-0.5
        hidden = graph.parts(keras.layers.Rescaling, "lm_scale", scale=scale)(hidden)
    graph.outputs["lm_logits"] = heads.language_model(
        graph.parts,
        hidden,
        token_embedding=token_embedding(graph),
        tie=config.tie_embeddings,
        kernel_initializer=initializer(config, config.hidden_dim),
    )


t5_graph = functools.partial(encoder_decoder_graph, encode=encode, decode=decode)

HEADS = {"language_model": draw_language_model}
