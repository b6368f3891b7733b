"""GPT, from top to bottom.

Features of the architecture: BERT's blocks under a causal mask; learned absolute
positions; no norm after the embeddings; scores of the next token by the token table.

    token_ids, padding_mask (, segment_ids) (, position_ids)
      -> embeddings   tokens (+ segments) + positions, dropout
      -> block_{i}    attention, dropout, add, norm; feed-forward, dropout, add, norm
      -> last hidden state, (B, T, C)

Source: Radford et al., 2018, section 4.1 ("Improving language understanding ...").
Segments: Wang et al., 2020, "CDial-GPT" (arXiv 2008.03946), whose speakers are tokens.
"""

from typing import Any

import keras

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.gpt.config import GptConfig
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any


def gpt_graph(
    config: GptConfig,
    parts: Parts,
    *,
    application: str = "lm",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers.

    Args:
        config: sizes and rates.
        parts: where the layers come from.
        application: "lm"; the mask is causal.
        position_input: whether position ids are an input, `position_ids`; else they
            count the tokens of a row, wherever the padding is.
    """
    graph = Graph(config, parts)
    hidden = embeddings(graph, position_input)
    graph.hidden_states.append(dropout_of_embeddings(graph, hidden))
    mask = bert.attention_mask(graph, application)
    for i in range(config.num_layers):
        hidden = block(graph, i, graph.last_hidden_state, mask)
        graph.hidden_states.append(hidden)
    return graph


def block(graph: Graph, i: int, hidden: Tensor, mask: Tensor) -> Tensor:
    """One Transformer block, post-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        dropout=config.attention_dropout,
        kernel_initializer=bert.initializer(config),
    )
    seen = graph.attend(attention, hidden, attention_mask=mask)
    hidden = added(graph, f"{name}_attention", hidden, seen)
    hidden = bert.plain_norm(graph, f"{name}_attention_norm", hidden)
    thought = feedforward(graph, i, hidden)
    hidden = added(graph, f"{name}_feedforward", hidden, thought)
    return bert.plain_norm(graph, f"{name}_feedforward_norm", hidden)


def feedforward(graph: Graph, i: int, hidden: Tensor) -> Tensor:
    """Two dense layers: (B, T, C) to (B, T, C)."""
    config = graph.config
    return graph.parts(
        layers.FeedForward,
        f"block_{i}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        kernel_initializer=bert.initializer(config),
    )(hidden)


def added(graph: Graph, name: str, before: Tensor, after: Tensor) -> Tensor:
    """`before + dropout(after)`."""
    after = bert.dropout(graph, f"{name}_dropout", after)
    return graph.parts(keras.layers.Add, f"{name}_add")([before, after])


def embeddings(graph: Graph, position_input: bool) -> Tensor:
    """Inputs, and tokens + segments + positions: (B, T) ids to (B, T, C)."""
    config, parts = graph.config, graph.parts
    graph.add_input("token_ids", "int32")
    if config.num_segments:
        graph.add_input("segment_ids", "int32")
    graph.add_input("padding_mask", "bool")
    tokens = bert.token_table(graph, config.hidden_dim)
    hidden = tokens(graph.inputs["token_ids"])
    if config.shared_segments:
        speakers = tokens(graph.inputs["segment_ids"])
        hidden = parts(keras.layers.Add, "segment_embedding_add")([hidden, speakers])
    elif config.own_segments:
        hidden = parts(
            layers.SegmentEmbedding,
            "segment_embedding",
            num_segments=config.own_segments,
            initializer=bert.initializer(config),
        )(hidden, graph.inputs["segment_ids"])
    positions = graph.add_positions(position_input, config.longest_text)
    return parts(
        layers.LearnedPositions,
        "position_embedding",
        max_length=config.max_length,
        initializer=bert.initializer(config),
    )(hidden, positions)


def dropout_of_embeddings(graph: Graph, hidden: Tensor) -> Tensor:
    """Dropout at a rate of its own."""
    rate = graph.config.embeddings_dropout
    return graph.parts(layers.Dropout, "embeddings_dropout", rate=rate)(hidden)
