"""DeBERTa of version 2 and 3, from top to bottom.

Features of the architecture: BERT's blocks, but attention compares what tokens say and
how far they are apart separately; distances have one table for all blocks, normed in
version 3; embeddings need no positions then, and segments are rare.

    token_ids, padding_mask
      -> embeddings   tokens (+ segments + positions), norm, dropout
      -> distances    their table, normed
      -> block_{i}    attention, dropout, add, norm; feed-forward, dropout, add, norm
      -> last hidden state, (B, T, C)

Source: He et al., 2021 (arXiv 2006.03654), and 2023 (arXiv 2111.09543).
"""

from typing import Any

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.deberta.config import DebertaConfig
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any


def deberta_graph(
    config: DebertaConfig,
    parts: Parts,
    *,
    application: str = "encoder",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers.

    Args:
        config: sizes and rates.
        parts: where the layers come from.
        application: as of `bert_graph`.
        position_input: whether position ids are an input, `position_ids`, of absolute
            positions; distances are those of columns.
    """
    graph = Graph(config, parts)
    graph.add_input("token_ids", "int32")
    if config.segment_vocabulary_size > 1:
        graph.add_input("segment_ids", "int32")
    graph.add_input("padding_mask", "bool")
    position_ids = graph.add_input("position_ids", "int32") if position_input else None
    hidden = embeddings(graph, position_ids)
    graph.hidden_states.append(hidden)
    mask = bert.attention_mask(graph, application)
    table = distances(graph, hidden) if config.relative_attention else None
    for i in range(config.num_layers):
        hidden = block(graph, i, hidden, mask, table)
        graph.hidden_states.append(hidden)
    return graph


def embeddings(graph: Graph, position_ids: Tensor | None) -> Tensor:
    """Tokens, with segments and positions where there are: (B, T) to (B, T, C)."""
    config, parts = graph.config, graph.parts
    first = bert.initializer(config)
    hidden = bert.token_table(graph, config.hidden_dim)(graph.inputs["token_ids"])
    if config.absolute_positions:
        hidden = parts(
            layers.LearnedPositions,
            "position_embedding",
            max_length=config.max_length,
            initializer=first,
        )(hidden, position_ids)
    if config.segment_vocabulary_size > 0:
        hidden = parts(
            layers.SegmentEmbedding,
            "segment_embedding",
            num_segments=config.segment_vocabulary_size,
            initializer=first,
        )(hidden, graph.inputs.get("segment_ids"))
    hidden = bert.norm(graph, "embeddings_norm", hidden)
    return bert.dropout(graph, "embeddings_dropout", hidden)


def distances(graph: Graph, hidden: Tensor) -> Tensor:
    """The vectors of all distances, (R, C)."""
    config = graph.config
    table = graph.parts(
        layers.DistanceTable,
        "distance_embedding",
        num_rows=2 * (config.buckets or config.furthest),
        initializer=bert.initializer(config),
    )(hidden)
    if config.distance_norm == "layer_norm":
        table = bert.norm(graph, "distance_norm", table)
    return table


def block(
    graph: Graph, i: int, hidden: Tensor, mask: Tensor, table: Tensor | None
) -> Tensor:
    """One Transformer block, post-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    options: dict[str, Any] = {"attention_mask": mask}
    own: dict[str, Any] = {
        "num_heads": config.num_heads,
        "dropout": config.attention_dropout,
        "kernel_initializer": bert.initializer(config),
    }
    if table is None:
        # The original divides by the number of sums even where only one is made.
        size = config.hidden_dim // config.num_heads
        scale = (size * (1 + len(config.position_kinds))) ** -0.5
        attention = parts(
            layers.MultiHeadAttention, f"{name}_attention", scale=scale, **own
        )
    else:
        options["distances"] = bert.dropout(graph, f"{name}_distance_dropout", table)
        attention = parts(
            layers.DisentangledAttention,
            f"{name}_attention",
            kinds=config.position_kinds,
            num_buckets=config.buckets,
            max_distance=config.furthest,
            share_projections=config.share_projections,
            **own,
        )
    seen = graph.attend(attention, hidden, **options)
    hidden = bert.residual(graph, f"{name}_attention", hidden, seen)
    thought = parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        kernel_initializer=bert.initializer(config),
    )(hidden)
    return bert.residual(graph, f"{name}_feedforward", hidden, thought)


def draw_pooler(graph: Graph) -> Tensor:
    """`pooler_output`, (B, C): dropout, dense and activation over the first column."""
    if "pooler_output" not in graph.outputs:
        config = graph.config
        kept = graph.parts(layers.Dropout, "pooler_dropout", rate=config.pooler_dropout)
        graph.outputs["pooler_output"] = heads.pooler(
            graph.parts,
            kept(graph.last_hidden_state),
            graph.inputs["padding_mask"],
            activation=layers.activation(config.pooler_activation),
            kernel_initializer=bert.initializer(config),
        )
    return graph.outputs["pooler_output"]


def draw_masked_lm(graph: Graph) -> None:
    """`mlm_logits`, (B, T, V); layers are named by the set of names that files have."""
    config = graph.config
    prefix = "" if config.legacy_masked_lm else "new_"
    graph.outputs["mlm_logits"] = heads.masked_lm(
        lambda make, name, **options: graph.parts(make, prefix + name, **options),
        graph.last_hidden_state,
        token_embedding=graph.parts(layers.TokenEmbedding, "token_embedding"),
        tie=config.tie_embeddings or not config.legacy_masked_lm,
        activation=layers.activation(config.activation),
        norm_epsilon=config.norm_epsilon,
        kernel_initializer=bert.initializer(config),
    )


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L)."""
    draw_pooler(graph)
    bert.draw_sequence_classifier(graph)


def draw_token_classifier(graph: Graph) -> None:
    """`token_logits`, (B, T, L); dropout is the common one here."""
    graph.outputs["token_logits"] = heads.classify_tokens(
        graph.parts,
        graph.last_hidden_state,
        num_labels=graph.config.num_labels,
        dropout=graph.config.dropout,
        kernel_initializer=bert.initializer(graph.config),
    )


HEADS = {
    "pooler": draw_pooler,
    "masked_lm": draw_masked_lm,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
