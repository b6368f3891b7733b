"""ModernBERT, from top to bottom.

Features of the architecture: an encoder; rotary positions; layer norm before each
sublayer, but for the first, and at the end ("pre-norm"); gated feed-forward with GELU;
every third layer attends to all tokens, the others to neighbours, and turns by a base
of its own; no biases.

    token_ids, padding_mask (, position_ids)
      -> embeddings   tokens, norm, dropout
      -> block_{i}    norm (not in block 0), attention, add; norm, feed-forward, add
      -> norm, last hidden state, (B, T, C)

Source: Warner et al., 2024, section 2.1 (arXiv 2412.13663).
"""

from typing import Any

import keras

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.modernbert.config import ModernBertConfig
from kewen.models.parts import Parts

Tensor = Any
Rotary = tuple[Tensor, Tensor]


def modernbert_graph(
    config: ModernBertConfig,
    parts: Parts,
    *,
    application: str = "encoder",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers.

    Args:
        config: sizes and rates.
        parts: where the layers come from.
        application: as of `bert_graph`; every mask within the same windows.
        position_input: whether position ids are an input, `position_ids`; else they
            count the tokens of a row, wherever the padding is.
    """
    graph = Graph(config, parts)
    graph.add_input("token_ids", "int32")
    graph.add_input("padding_mask", "bool")
    hidden = bert.token_table(graph, config.hidden_dim)(graph.inputs["token_ids"])
    hidden = norm(graph, "embeddings_norm", hidden)
    hidden = bert.dropout(graph, "embeddings_dropout", hidden)
    graph.hidden_states.append(hidden)
    positions = graph.add_positions(position_input)
    for i, window in enumerate(config.windows):
        mask = bert.attention_mask(graph, application, window)
        hidden = block(graph, i, hidden, mask, rotary(graph, positions, window))
        graph.hidden_states.append(hidden)
    graph.hidden_states[-1] = norm(graph, "final_norm", hidden)
    return graph


def rotary(graph: Graph, positions: Tensor, window: int | None) -> Rotary:
    """Cosine and sine of the angles of the layers that have such a window."""
    config = graph.config
    is_local = window is not None
    return graph.parts(
        layers.RotaryAngles,
        "local_rotary_angles" if is_local else "rotary_angles",
        dim=config.hidden_dim // config.num_heads,
        base=config.local_rotary_base if is_local else config.global_rotary_base,
    )(positions)


def block(graph: Graph, i: int, hidden: Tensor, mask: Tensor, angles: Rotary) -> Tensor:
    """One Transformer block, pre-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        use_bias=config.use_bias,
        dropout=config.attention_dropout,
        rotary_layout="halves",
        kernel_initializer=bert.initializer(config),
    )
    # The embeddings' norm has just been.
    normed = norm(graph, f"{name}_attention_norm", hidden) if i else hidden
    seen = graph.attend(attention, normed, attention_mask=mask, rotary=angles)
    kept = parts(
        layers.Dropout, f"{name}_attention_dropout", rate=config.attention_dropout
    )(seen)
    hidden = parts(keras.layers.Add, f"{name}_attention_add")([hidden, kept])
    thought = parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=layers.activation(config.activation),
        gated=True,
        use_bias=config.use_feedforward_bias,
        dropout=config.feedforward_dropout,
        kernel_initializer=bert.initializer(config),
    )(norm(graph, f"{name}_feedforward_norm", hidden))
    return parts(keras.layers.Add, f"{name}_feedforward_add")([hidden, thought])


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Layer norm, with or without a bias, and with the checkpoint's own epsilon."""
    config = graph.config
    return graph.parts(
        keras.layers.LayerNormalization,
        name,
        epsilon=config.norm_epsilon,
        center=config.use_norm_bias,
    )(hidden)


def inner(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """What all heads begin with: dense, activation, norm. Layers: `{name}_dense` ..."""
    config = graph.config
    dense = graph.parts(
        keras.layers.Dense,
        f"{name}_dense",
        units=config.hidden_dim,
        activation=layers.activation(config.head_activation),
        use_bias=config.use_head_bias,
        kernel_initializer=bert.initializer(config),
    )
    return norm(graph, f"{name}_norm", dense(hidden))


def draw_masked_lm(graph: Graph) -> None:
    """`mlm_logits`, (B, T, V)."""
    config, parts = graph.config, graph.parts
    hidden = inner(graph, "mlm", graph.last_hidden_state)
    table = parts(layers.TokenEmbedding, "token_embedding")
    if config.tie_embeddings:
        logits = parts(layers.Bias, "mlm_bias")(table(hidden, reverse=True))
    else:
        logits = parts(
            keras.layers.Dense,
            "mlm_decoder",
            units=config.vocabulary_size,
            kernel_initializer=bert.initializer(config),
        )(hidden)
    graph.outputs["mlm_logits"] = logits


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), of the first column, or of the mean over tokens."""
    config, parts = graph.config, graph.parts
    # transformers' "cls" is the first column, be it padding or not.
    mode = "mean" if config.classifier_pooling == "mean" else "first"
    pooled = parts(layers.Pooling, "classifier_pooling", mode=mode)(
        graph.last_hidden_state, graph.inputs["padding_mask"]
    )
    graph.outputs["class_logits"] = heads.classify_sequence(
        parts,
        inner(graph, "classifier_inner", pooled),
        name="classifier",
        num_labels=config.num_labels,
        dropout=bert.classifier_dropout(config),
        kernel_initializer=bert.initializer(config),
    )


def draw_token_classifier(graph: Graph) -> None:
    """`token_logits`, (B, T, L)."""
    config = graph.config
    graph.outputs["token_logits"] = heads.classify_tokens(
        graph.parts,
        inner(graph, "tagger_inner", graph.last_hidden_state),
        num_labels=config.num_labels,
        dropout=bert.classifier_dropout(config),
        kernel_initializer=bert.initializer(config),
    )


def draw_answer_span(graph: Graph) -> None:
    """`start_logits` and `end_logits`, (B, T) each."""
    config, parts = graph.config, graph.parts
    rate = bert.classifier_dropout(config)
    kept = parts(layers.Dropout, "span_dropout", rate=rate)
    start, end = heads.answer_span(
        parts,
        kept(inner(graph, "span_inner", graph.last_hidden_state)),
        kernel_initializer=bert.initializer(config),
    )
    graph.outputs |= {"start_logits": start, "end_logits": end}


HEADS = {
    "masked_lm": draw_masked_lm,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": draw_token_classifier,
    "question_answering": draw_answer_span,
}
