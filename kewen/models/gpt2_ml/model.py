"""GPT2_ML is neither GPT nor GPT-2: its norms stand around the feed-forward layers.

    token_ids, padding_mask (, position_ids)
      -> embeddings   tokens + positions, norm, dropout
      -> block_{i}    attention, dropout, add;
                      norm, feed-forward, dropout, add, norm
      -> last hidden state, (B, T, C)

So a block is h = x + attention(x); h' = norm_1(h + feedforward(norm_0(h))): no norm
comes before attention, and none but the last block's own at the end.

Source: the code of Zhang, 2019, "GPT2-ML", after Grover (Zellers et al., 2019, arXiv
1905.12616); lesson 7292.
"""

from typing import Any

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.gpt import model as gpt
from kewen.models.gpt2_ml.config import Gpt2MlConfig
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any


def gpt2_ml_graph(
    config: Gpt2MlConfig,
    parts: Parts,
    *,
    application: str = "lm",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers; arguments as `gpt_graph`'s."""
    graph = Graph(config, parts)
    hidden = gpt.embeddings(graph, position_input)
    hidden = bert.plain_norm(graph, "embeddings_norm", hidden)
    graph.hidden_states.append(gpt.dropout_of_embeddings(graph, hidden))
    mask = bert.attention_mask(graph, application)
    for i in range(config.num_layers):
        hidden = block(graph, i, graph.last_hidden_state, mask)
        graph.hidden_states.append(hidden)
    return graph


def block(graph: Graph, i: int, hidden: Tensor, mask: Tensor) -> Tensor:
    """One Transformer block: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        dropout=config.attention_dropout,
        kernel_initializer=bert.initializer(config),
    )
    seen = graph.attend(attention, hidden, attention_mask=mask)
    hidden = gpt.added(graph, f"{name}_attention", hidden, seen)
    normed = bert.plain_norm(graph, f"{name}_feedforward_norm", hidden)
    thought = gpt.feedforward(graph, i, normed)
    hidden = gpt.added(graph, f"{name}_feedforward", hidden, thought)
    return bert.plain_norm(graph, f"{name}_output_norm", hidden)
