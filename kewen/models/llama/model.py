"""LLaMA, from top to bottom.

Features of the architecture: a decoder; rotary positions; RMS norm before each
sublayer and at the end ("pre-norm"); gated feed-forward; groups of query heads share
keys and values; no dropout but of attention, no biases unless the config says so.

    token_ids, padding_mask (, position_ids)
      -> tokens
      -> block_{i}    norm, attention, add; norm, feed-forward, add
      -> norm, last hidden state, (B, T, C)

Source: Touvron et al., 2023, section 2.2 (arXiv 2302.13971).
"""

from typing import Any

import keras

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.llama.config import LlamaConfig
from kewen.models.parts import Parts

Tensor = Any


def llama_graph(
    config: LlamaConfig,
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
    graph.add_input("token_ids", "int32")
    graph.add_input("padding_mask", "bool")
    hidden = bert.token_table(graph, config.hidden_dim)(graph.inputs["token_ids"])
    graph.hidden_states.append(hidden)
    rotary = parts(
        layers.RotaryAngles,
        "rotary_angles",
        dim=config.size_of_head,
        base=config.rotary_base,
        scaling=config.rotary_scaling,
        max_length=config.max_length,
    )(graph.add_positions(position_input))
    for i, window in enumerate(config.windows):
        hidden = block(graph, i, hidden, attention_mask(graph, window), rotary)
        graph.hidden_states.append(hidden)
    graph.add_final_norm(norm(graph, "final_norm", hidden))
    return graph


def attention_mask(graph: Graph, window: int | None) -> Tensor:
    """Backwards only, and within `window` tokens if given: bool, (B, T, T)."""
    options: dict[str, Any] = {} if window is None else {"window": (window - 1, 0)}
    name = "causal_mask" if window is None else f"causal_mask_of_{window}"
    layer = graph.parts(layers.AttentionMask, name, kind="causal", **options)
    return layer(graph.inputs["padding_mask"])


def block(
    graph: Graph, i: int, hidden: Tensor, mask: Tensor, rotary: tuple[Tensor, Tensor]
) -> Tensor:
    """One Transformer block, pre-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        num_kv_heads=config.kv_heads,
        head_dim=config.size_of_head,
        use_bias=config.use_bias,
        use_output_bias=config.use_output_bias,
        dropout=config.attention_dropout,
        norm_epsilon=config.norm_epsilon if config.query_key_norm else None,
        rotary_layout="halves",
        kernel_initializer=bert.initializer(config),
    )
    normed = norm(graph, f"{name}_attention_norm", hidden)
    seen = graph.attend(attention, normed, attention_mask=mask, rotary=rotary)
    hidden = parts(keras.layers.Add, f"{name}_attention_add")([hidden, seen])
    thought = parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        gated=True,
        use_bias=config.use_feedforward_bias,
        kernel_initializer=bert.initializer(config),
    )(norm(graph, f"{name}_feedforward_norm", hidden))
    return parts(keras.layers.Add, f"{name}_feedforward_add")([hidden, thought])


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """RMS norm with the checkpoint's own epsilon."""
    return graph.parts(layers.RMSNorm, name, epsilon=graph.config.norm_epsilon)(hidden)
