"""BERT, from top to bottom.

Features of the architecture: learned absolute positions; segments; layer norm after
each sublayer and after the embeddings ("post-norm"); biases everywhere.

    token_ids, segment_ids, padding_mask
      -> embeddings   tokens + segments + positions, norm, dropout
      -> block_{i}    attention, dropout, add, norm; feed-forward, dropout, add, norm
      -> last hidden state, (B, T, C)

Source: Devlin et al., 2019 (arXiv 1810.04805).
"""

from collections.abc import Callable
from typing import Any

import keras

from kewen import heads, layers
from kewen.models.bert.config import BertConfig
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any


def bert_graph(
    config: BertConfig,
    parts: Parts,
    *,
    application: str = "encoder",
    position_input: bool = False,
    number_positions: Callable[[Graph], Tensor] | None = None,
) -> Graph:
    """The backbone as a graph of named layers.

    Args:
        config: sizes and rates.
        parts: where the layers come from.
        application: "encoder", "lm" (causal mask) or "unilm" (mask from segments).
        position_input: whether position ids are a fourth input, `position_ids`.
        number_positions: makes position ids where they are not given; 0, 1, 2 ... if
            None.
    """
    graph = Graph(config, parts)
    graph.add_input("token_ids", "int32")
    if config.segment_vocabulary_size > 1:
        graph.add_input("segment_ids", "int32")
    graph.add_input("padding_mask", "bool")
    if position_input:
        position_ids = graph.add_input("position_ids", "int32")
    else:
        position_ids = number_positions(graph) if number_positions else None

    hidden = embeddings(graph, position_ids)
    graph.hidden_states.append(hidden)
    mask = attention_mask(graph, application)
    for i in range(config.num_layers):
        hidden = block(graph, i, hidden, mask)
        graph.hidden_states.append(hidden)
    return graph


def embeddings(graph: Graph, position_ids: Tensor | None) -> Tensor:
    """Tokens + segments + positions, normed: (B, T) ids to (B, T, C)."""
    config, parts = graph.config, graph.parts
    hidden = parts(
        layers.TokenEmbedding,
        "token_embedding",
        input_dim=config.vocabulary_size,
        output_dim=config.hidden_dim,
        embeddings_initializer=initializer(config),
    )(graph.inputs["token_ids"])
    if config.segment_vocabulary_size > 0:
        hidden = parts(
            layers.SegmentEmbedding,
            "segment_embedding",
            num_segments=config.segment_vocabulary_size,
            initializer=initializer(config),
        )(hidden, graph.inputs.get("segment_ids"))
    hidden = parts(
        layers.LearnedPositions,
        "position_embedding",
        max_length=config.max_length,
        initializer=initializer(config),
    )(hidden, position_ids)
    hidden = norm(graph, "embeddings_norm", hidden)
    return dropout(graph, "embeddings_dropout", hidden)


def attention_mask(graph: Graph, application: str) -> Tensor:
    """Who may look at whom, (B, 1 or T, T)."""
    kind = {"encoder": "bidirectional", "lm": "causal", "unilm": "unilm"}[application]
    layer = graph.parts(layers.AttentionMask, f"{kind}_mask", kind=kind)
    if kind == "unilm":
        return layer(graph.inputs["padding_mask"], graph.inputs["segment_ids"])
    return layer(graph.inputs["padding_mask"])


def block(graph: Graph, i: int, hidden: Tensor, mask: Tensor) -> Tensor:
    """One Transformer block, post-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        dropout=config.attention_dropout,
        kernel_initializer=initializer(config),
    )
    graph.attentions.append((attention, hidden, {"attention_mask": mask}))
    seen = attention(hidden, attention_mask=mask)
    hidden = residual(graph, f"{name}_attention", hidden, seen)
    thought = parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        kernel_initializer=initializer(config),
    )(hidden)
    return residual(graph, f"{name}_feedforward", hidden, thought)


def residual(graph: Graph, name: str, before: Tensor, after: Tensor) -> Tensor:
    """`norm(before + dropout(after))`."""
    after = dropout(graph, f"{name}_dropout", after)
    total = graph.parts(keras.layers.Add, f"{name}_add")([before, after])
    return norm(graph, f"{name}_norm", total)


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Layer norm with the checkpoint's own epsilon."""
    epsilon = graph.config.norm_epsilon
    return graph.parts(
        keras.layers.LayerNormalization,
        name,
        epsilon=epsilon,
        gamma_initializer="ones",
        beta_initializer="zeros",
    )(hidden)


def dropout(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Dropout at the config's common rate."""
    return graph.parts(layers.Dropout, name, rate=graph.config.dropout)(hidden)


def initializer(config: BertConfig) -> layers.TruncatedNormal:
    """BERT's first values of kernels and tables."""
    return layers.TruncatedNormal(stddev=config.initializer_range)


def draw_pooler(graph: Graph) -> Tensor:
    """`pooler_output`, (B, C); drawn once, however many heads ask for it."""
    if "pooler_output" not in graph.outputs:
        config = graph.config
        graph.outputs["pooler_output"] = heads.pooler(
            graph.parts,
            graph.last_hidden_state,
            graph.inputs["padding_mask"],
            activation=layers.activation(config.pooler_activation),
            kernel_initializer=initializer(config),
        )
    return graph.outputs["pooler_output"]


def draw_masked_lm(graph: Graph) -> None:
    """`mlm_logits`, (B, T, V)."""
    config = graph.config
    graph.outputs["mlm_logits"] = heads.masked_lm(
        graph.parts,
        graph.last_hidden_state,
        token_embedding=graph.parts(layers.TokenEmbedding, "token_embedding"),
        tie=config.tie_embeddings,
        activation=layers.activation(config.activation),
        norm_epsilon=config.norm_epsilon,
        kernel_initializer=initializer(config),
    )


def draw_next_sentence(graph: Graph) -> None:
    """`nsp_logits`, (B, 2): 0 means that the second text follows the first."""
    graph.outputs["nsp_logits"] = heads.classify_sequence(
        graph.parts,
        draw_pooler(graph),
        name="next_sentence",
        num_labels=2,
        dropout=0.0,
        kernel_initializer=initializer(graph.config),
    )


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L)."""
    config = graph.config
    if config.classifier_pooling == "pooler":
        pooled = draw_pooler(graph)
    else:
        pooled = graph.parts(
            layers.Pooling, "classifier_pooling", mode=config.classifier_pooling
        )(graph.last_hidden_state, graph.inputs["padding_mask"])
    graph.outputs["class_logits"] = heads.classify_sequence(
        graph.parts,
        pooled,
        name="classifier",
        num_labels=config.num_labels,
        dropout=classifier_dropout(config),
        kernel_initializer=initializer(config),
    )


def draw_token_classifier(graph: Graph) -> None:
    """`token_logits`, (B, T, L)."""
    config = graph.config
    graph.outputs["token_logits"] = heads.classify_tokens(
        graph.parts,
        graph.last_hidden_state,
        num_labels=config.num_labels,
        dropout=classifier_dropout(config),
        kernel_initializer=initializer(config),
    )


def draw_answer_span(graph: Graph) -> None:
    """`start_logits` and `end_logits`, (B, T) each."""
    start, end = heads.answer_span(
        graph.parts,
        graph.last_hidden_state,
        kernel_initializer=initializer(graph.config),
    )
    graph.outputs |= {"start_logits": start, "end_logits": end}


def classifier_dropout(config: BertConfig) -> float:
    """The rate before a classifier."""
    given = config.classifier_dropout
    return config.dropout if given is None else given


HEADS = {
    "pooler": draw_pooler,
    "masked_lm": draw_masked_lm,
    "next_sentence": draw_next_sentence,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": draw_token_classifier,
    "question_answering": draw_answer_span,
}
