"""Gemma 3, from top to bottom.

What differs from LLaMA: the embeddings are multiplied by the root of the width; a norm
before and one after each sublayer; norms learn the difference to 1; most layers look at
a window only and turn faster; queries and keys are normed.

    token_ids, padding_mask (, position_ids)
      -> tokens * C ** 0.5
      -> block_{i}    norm, attention, norm, add; norm, feed-forward, norm, add
      -> norm, last hidden state, (B, T, C)

Source: Gemma team, 2025, section 2 (arXiv 2503.19786); the caps are Gemma 2's (Gemma
team, 2024, arXiv 2408.00118).
"""

from typing import Any

import keras

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.decoder_heads import HEADS as OF_DECODERS
from kewen.models.gemma3.config import Gemma3Config
from kewen.models.graph import Graph
from kewen.models.llama import model as llama
from kewen.models.parts import Parts

Tensor = Any


def gemma3_graph(
    config: Gemma3Config,
    parts: Parts,
    *,
    application: str = "lm",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers; arguments as `llama_graph`'s."""
    graph = Graph(config, parts)
    graph.add_input("token_ids", "int32")
    graph.add_input("padding_mask", "bool")
    hidden = bert.token_table(graph, config.hidden_dim)(graph.inputs["token_ids"])
    root = config.hidden_dim**0.5
    hidden = parts(keras.layers.Rescaling, "embeddings_scale", scale=root)(hidden)
    graph.hidden_states.append(hidden)
    positions = graph.add_positions(position_input)
    turns = {
        False: rotary(graph, "rotary_angles", config.rotary_base, positions),
        True: rotary(graph, "local_rotary_angles", config.local_rotary_base, positions),
    }
    for i, window in enumerate(config.windows):
        mask = llama.attention_mask(graph, window)
        hidden = block(graph, i, hidden, mask, turns[window is not None])
        graph.hidden_states.append(hidden)
    graph.add_final_norm(norm(graph, "final_norm", hidden))
    return graph


def rotary(
    graph: Graph, name: str, base: float, positions: Tensor
) -> tuple[Tensor, Tensor]:
    """Cosine and sine; only the angles of layers that see all tokens are scaled."""
    config = graph.config
    return graph.parts(
        layers.RotaryAngles,
        name,
        dim=config.size_of_head,
        base=base,
        scaling=config.rotary_scaling if name == "rotary_angles" else None,
        max_length=config.max_length,
    )(positions)


def block(
    graph: Graph, i: int, hidden: Tensor, mask: Tensor, turns: tuple[Tensor, Tensor]
) -> Tensor:
    """One Transformer block: (B, T, C) to (B, T, C)."""
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
        scale=config.query_scalar**-0.5,
        soft_cap=config.attention_soft_cap,
        norm_epsilon=config.norm_epsilon if config.query_key_norm else None,
        norm_offset=1.0,
        rotary_layout="halves",
        kernel_initializer=bert.initializer(config),
    )
    normed = norm(graph, f"{name}_attention_norm", hidden)
    seen = graph.attend(attention, normed, attention_mask=mask, rotary=turns)
    hidden = added(graph, f"{name}_attention", hidden, seen)
    thought = parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        gated=True,
        use_bias=config.use_feedforward_bias,
        kernel_initializer=bert.initializer(config),
    )(norm(graph, f"{name}_feedforward_norm", hidden))
    return added(graph, f"{name}_feedforward", hidden, thought)


def added(graph: Graph, name: str, before: Tensor, after: Tensor) -> Tensor:
    """`before + norm(after)`."""
    after = norm(graph, f"{name}_output_norm", after)
    return graph.parts(keras.layers.Add, f"{name}_add")([before, after])


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """RMS norm whose weights are differences to 1."""
    epsilon = graph.config.norm_epsilon
    return graph.parts(layers.RMSNorm, name, epsilon=epsilon, offset=1.0)(hidden)


def draw_language_model(graph: Graph) -> None:
    """`lm_logits`, (B, T, V): of the token after each."""
    config = graph.config
    graph.outputs["lm_logits"] = heads.language_model(
        graph.parts,
        graph.last_hidden_state,
        token_embedding=graph.parts(layers.TokenEmbedding, "token_embedding"),
        tie=config.tie_embeddings,
        soft_cap=config.logit_soft_cap,
        kernel_initializer=bert.initializer(config),
    )


HEADS = {**OF_DECODERS, "language_model": draw_language_model}
