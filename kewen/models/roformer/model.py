"""RoFormer is BERT whose attention turns queries and keys by their positions.

Its classifier has a hidden layer of its own instead of the pooler.

Source: Su et al., 2021, section 3 (arXiv 2104.09864).
"""

import functools
from typing import Any

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.roberta.model import classify_through_dense

Tensor = Any


def angles(graph: Graph, hidden: Tensor, position_ids: Tensor | None) -> dict[str, Any]:
    """What attention is given: the angles of every column."""
    config, parts = graph.config, graph.parts
    if position_ids is None:
        position_ids = parts(layers.PositionsInRow, "position_ids_in_row")(hidden)
    options = {"dim": config.size_of_key, "base": config.rotary_base}
    if config.rotary_table:
        table = parts(
            layers.RotaryTable, "rotary_table", max_length=config.max_length, **options
        )
        rotary = table(position_ids)
    else:
        rotary = parts(layers.RotaryAngles, "rotary_angles", **options)(position_ids)
    return {"rotary": rotary, "rotate_values": config.rotary_values}


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), from dropout, dense and activation over the pooled."""
    classify_through_dense(graph, bert.head_activation(graph.config))


# `bert_graph` with rotary positions.
roformer_graph = functools.partial(
    bert.bert_graph, relate=angles, embed=bert.embeddings_without_positions
)

HEADS = {**bert.HEADS, "sequence_classification": draw_sequence_classifier}
