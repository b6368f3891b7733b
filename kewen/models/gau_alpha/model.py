"""GAU-alpha is RoFormerV2 with one gated attention unit where a block was.

Source: Su, 2022, "GAU-alpha", kexue.fm 9052; Hua et al., 2022 (arXiv 2202.10447).
"""

import functools
from typing import Any

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.roformer import model as roformer
from kewen.models.roformer_v2 import model as roformer_v2

Tensor = Any


def unit(graph: Graph, i: int, hidden: Tensor, arguments: dict[str, Any]) -> Tensor:
    """Gated attention, dropout, add, norm: (B, T, C) to (B, T, C)."""
    config, name = graph.config, f"{graph.config.name_of_block(i)}_gated_attention"
    attention = graph.parts(
        layers.GatedAttentionUnit,
        name,
        intermediate_dim=config.intermediate_dim,
        key_dim=config.size_of_key,
        activation=layers.activation(config.activation),
        use_bias=config.use_bias,
        normalization=config.attention_normalization,
        dropout=config.attention_dropout,
        kernel_initializer=bert.initializer(config),
    )
    given = {key: arguments[key] for key in ("attention_mask", "rotary")}
    seen = graph.attend(attention, hidden, **given)
    return bert.residual(graph, name, hidden, seen)


# RoFormerV2's graph with other blocks.
gau_alpha_graph = functools.partial(
    bert.bert_graph,
    relate=roformer.angles,
    embed=roformer_v2.embeddings,
    draw_block=unit,
)
