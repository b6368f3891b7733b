"""BART, from top to bottom.

Features of the architecture: an encoder-decoder over one token table; learned absolute
positions, a table a side, whose first two rows are unused; layer norm after each
sublayer and after the embeddings ("post-norm"); biases everywhere, and one on the
scores.

    token_ids -> tokens + positions, norm, dropout
      -> encoder_block_{i}  attention, dropout, add, norm; feed-forward, ...
      -> encoder_last_hidden_state, (B, S, C)
    decoder_token_ids -> tokens + positions, norm, dropout
      -> decoder_block_{j}  the same, with cross-attention between the two
      -> last_hidden_state, (B, T, C)

Positions count the tokens, so that padding before a text moves nothing; transformers
numbers the columns. With padding behind, which it has seen, the two are the same.

Source: Lewis et al., 2020 (arXiv 1910.13461).
"""

import functools
import math
from typing import Any

import keras

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.encoder_decoder import encoder_decoder_graph
from kewen.models.graph import Graph

Tensor = Any
OFFSET = 2  # rows of the position tables before that of the first token


def encode(graph: Graph, token_ids: Tensor, mask: Tensor) -> None:
    """The encoder's stack: (B, S) ids to (B, S, C)."""
    config = graph.config
    hidden = embeddings(graph, "encoder", token_ids, graph.inputs["padding_mask"])
    for i in range(config.num_layers):
        name = f"encoder_block_{i}"
        hidden = attention(
            graph, f"{name}_attention", hidden, config.num_heads, attention_mask=mask
        )
        hidden = feed_forward(
            graph, f"{name}_feedforward", hidden, config.intermediate_dim
        )
        graph.hidden_states.append(hidden)


def decode(
    graph: Graph, token_ids: Tensor, context: Tensor, mask: Tensor, context_mask: Tensor
) -> None:
    """The decoder's stack: (B, T) ids and (B, S, C) context to (B, T, C)."""
    config = graph.config
    count, width = config.decoder_heads, config.decoder_width
    is_token = graph.inputs["decoder_padding_mask"]
    hidden = embeddings(graph, "decoder", token_ids, is_token)
    across = {"context": context, "attention_mask": context_mask}
    for j in range(config.decoder_layers):
        name = f"decoder_block_{j}"
        hidden = attention(
            graph, f"{name}_attention", hidden, count, attention_mask=mask
        )
        hidden = attention(graph, f"{name}_cross_attention", hidden, count, **across)
        hidden = feed_forward(graph, f"{name}_feedforward", hidden, width)
        graph.hidden_states.append(hidden)


def embeddings(graph: Graph, side: str, token_ids: Tensor, is_token: Tensor) -> Tensor:
    """Tokens + positions, normed: (B, T) ids to (B, T, C)."""
    config, parts = graph.config, graph.parts
    hidden = bert.token_table(graph, config.hidden_dim)(token_ids)
    if config.scale_embedding:
        scale = math.sqrt(config.hidden_dim)
        name = f"{side}_embedding_scale"
        hidden = parts(keras.layers.Rescaling, name, scale=scale)(hidden)
    numbers = parts(
        layers.PositionsOfTokens,
        f"{side}_position_ids",
        longest_text=config.max_length,
        first=OFFSET,
    )(is_token)
    hidden = parts(
        layers.LearnedPositions,
        f"{side}_position_embedding",
        max_length=config.max_length + OFFSET,
        initializer=bert.initializer(config),
    )(hidden, numbers)
    hidden = bert.plain_norm(graph, f"{side}_embeddings_norm", hidden)
    hidden = bert.dropout(graph, f"{side}_embeddings_dropout", hidden)
    graph.hidden_states.append(hidden)
    return hidden


def attention(
    graph: Graph, name: str, hidden: Tensor, num_heads: int, **options: Any
) -> Tensor:
    """`norm(hidden + dropout(attention(hidden)))`: (B, T, C) to (B, T, C)."""
    config = graph.config
    layer = graph.parts(
        layers.MultiHeadAttention,
        name,
        num_heads=num_heads,
        dropout=config.attention_dropout,
        kernel_initializer=bert.initializer(config),
    )
    return residual(graph, name, hidden, graph.attend(layer, hidden, **options))


def feed_forward(graph: Graph, name: str, hidden: Tensor, width: int) -> Tensor:
    """`norm(hidden + dropout(feed_forward(hidden)))`: (B, T, C) to (B, T, C)."""
    config = graph.config
    thought = graph.parts(
        layers.FeedForward,
        name,
        intermediate_dim=width,
        activation=layers.activation(config.activation),
        dropout=config.activation_dropout,
        kernel_initializer=bert.initializer(config),
    )(hidden)
    return residual(graph, name, hidden, thought)


def residual(graph: Graph, name: str, before: Tensor, after: Tensor) -> Tensor:
    """`norm(before + dropout(after))`."""
    after = bert.dropout(graph, f"{name}_dropout", after)
    total = graph.parts(keras.layers.Add, f"{name}_add")([before, after])
    return bert.plain_norm(graph, f"{name}_norm", total)


def draw_language_model(graph: Graph) -> None:
    """`lm_logits`, (B, T, V): of the token after each of the decoder's."""
    logits = heads.language_model(
        graph.parts,
        graph.last_hidden_state,
        token_embedding=bert.token_table(graph, graph.config.hidden_dim),
        tie=graph.config.tie_embeddings,
        kernel_initializer=bert.initializer(graph.config),
    )
    graph.outputs["lm_logits"] = graph.parts(layers.Bias, "lm_bias")(logits)


bart_graph = functools.partial(encoder_decoder_graph, encode=encode, decode=decode)

HEADS = {"language_model": draw_language_model}
