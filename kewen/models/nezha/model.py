"""NEZHA is BERT whose attention sees distances, in keys and in values.

Source: Wei et al., 2019, section 2.2 (arXiv 1909.00204).
"""

from typing import Any

from kewen import layers
from kewen.errors import ConfigError
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.nezha.config import NezhaConfig
from kewen.models.parts import Parts

Tensor = Any


def nezha_graph(
    config: NezhaConfig,
    parts: Parts,
    *,
    application: str = "encoder",
    position_input: bool = False,
) -> Graph:
    """`bert_graph` with vectors of distances instead of positions.

    Raises:
        ConfigError: if position ids are asked for.
    """
    if position_input:
        raise ConfigError(
            "NEZHA knows how far apart two columns are, and takes no position_ids. "
            "Received: position_input=True. Leave it out."
        )
    return bert.bert_graph(
        config,
        parts,
        application=application,
        relate=distances,
        embed=bert.embeddings_without_positions,
    )


def distances(
    graph: Graph, hidden: Tensor, position_ids: Tensor | None
) -> dict[str, Tensor]:
    """What attention is given: a vector of each pair of columns, (T, T, D)."""
    config = graph.config
    table = graph.parts(
        layers.RelativePositions,
        "relative_positions",
        dim=config.size_of_head,
        farthest=config.farthest,
    )
    return {"relations": table(hidden)}
