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
Relate = Callable[[Graph, Tensor, Tensor | None], dict[str, Any]]
Embed = Callable[[Graph, Tensor | None], Tensor]
DrawBlock = Callable[[Graph, int, Tensor, dict[str, Any]], Tensor]


def bert_graph(
    config: BertConfig,
    parts: Parts,
    *,
    application: str = "encoder",
    position_input: bool = False,
    number_positions: Callable[[Graph], Tensor] | None = None,
    relate: Relate | None = None,
    embed: Embed | None = None,
    draw_block: DrawBlock | None = None,
) -> Graph:
    """The backbone as a graph of named layers.

    Args:
        config: sizes and rates.
        parts: where the layers come from.
        application: "encoder", "lm" (causal mask), "unilm" (mask from `segment_ids`,
            an input for that alone where there are no segments) or "permuted" (mask
            from one more input, `generation_order`).
        position_input: whether position ids are a fourth input, `position_ids`.
        number_positions: makes position ids where they are not given; 0, 1, 2 ... if
            None.
        relate: gives attention how tokens stand to each other (`rotary`, `relations`),
            from the embeddings and the position ids if given.
        embed: makes the first hidden state of the inputs and the position ids; tokens,
            segments and a table of positions if None.
        draw_block: draws a block, given what `block` is.
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

    if config.condition_dim is not None:
        graph.add_input("condition", "float32", (config.condition_dim,))

    hidden = (embed or embeddings)(graph, position_ids)
    graph.hidden_states.append(hidden)
    arguments: dict[str, Any] = {"attention_mask": attention_mask(graph, application)}
    if relate is not None:
        arguments |= relate(graph, hidden, position_ids)
    for i in range(config.num_layers):
        hidden = (draw_block or block)(graph, i, hidden, arguments)
        graph.hidden_states.append(hidden)
    return graph


def embeddings(graph: Graph, position_ids: Tensor | None) -> Tensor:
    """Tokens + segments + positions, normed: (B, T) ids to (B, T, C)."""
    hidden = absolute_positions(graph, tokens_and_segments(graph), position_ids)
    return embeddings_finished(graph, hidden)


def embeddings_without_positions(graph: Graph, position_ids: Tensor | None) -> Tensor:
    """The same where attention knows the positions."""
    return embeddings_finished(graph, tokens_and_segments(graph))


def embeddings_finished(graph: Graph, hidden: Tensor) -> Tensor:
    """Norm, dropout, projection: (B, T, E) to (B, T, C)."""
    hidden = norm(graph, "embeddings_norm", hidden)
    hidden = dropout(graph, "embeddings_dropout", hidden)
    return projected(graph, hidden)


def tokens_and_segments(graph: Graph) -> Tensor:
    """(B, T) ids to the sums of their vectors, (B, T, E)."""
    config, parts = graph.config, graph.parts
    table = token_table(graph, config.width_of_tables)
    hidden = table(graph.inputs["token_ids"])
    if config.shared_segments and "segment_ids" in graph.inputs:
        segments = table(graph.inputs["segment_ids"])
        return parts(keras.layers.Add, "segment_embedding_add")([hidden, segments])
    if config.segment_vocabulary_size > 0:
        hidden = parts(
            layers.SegmentEmbedding,
            "segment_embedding",
            num_segments=config.segment_vocabulary_size,
            initializer=initializer(config),
        )(hidden, graph.inputs.get("segment_ids"))
    return hidden


def token_table(graph: Graph, width: int) -> keras.layers.Layer:
    """Gives the vectors of ids, and of a tied head the scores: (V, width)."""
    return graph.parts(
        layers.TokenEmbedding,
        "token_embedding",
        input_dim=graph.config.vocabulary_size,
        output_dim=width,
        embeddings_initializer=initializer(graph.config),
    )


def absolute_positions(
    graph: Graph, hidden: Tensor, position_ids: Tensor | None
) -> Tensor:
    """Each token's vector plus that of its position."""
    config = graph.config
    alpha = config.hierarchical_positions
    make = layers.LearnedPositions if alpha is None else layers.HierarchicalPositions
    return graph.parts(
        make,
        "position_embedding",
        max_length=config.max_length,
        initializer=initializer(config),
        **({} if alpha is None else {"alpha": alpha}),
    )(hidden, position_ids)


def projected(graph: Graph, hidden: Tensor, **options: Any) -> Tensor:
    """From the width of the tables to that of the blocks, where they differ."""
    config = graph.config
    if config.width_of_tables == config.hidden_dim:
        return hidden
    return graph.parts(
        layers.Dense,
        "embedding_projection",
        units=config.hidden_dim,
        kernel_initializer=initializer(config),
        **options,
    )(hidden)


def attention_mask(graph: Graph, application: str, window: int | None = None) -> Tensor:
    """Who may look at whom, (B, 1 or T, T).

    Args:
        graph: that it is drawn in; it is given the inputs that only the mask needs.
        application: as of `bert_graph`.
        window: how many tokens on either side are seen; None for all.
    """
    kind = {"encoder": "bidirectional", "lm": "causal"}.get(application, application)
    name, options = f"{kind}_mask", {}
    if window is not None:
        name, options = f"{name}_of_{window}", {"window": (window, window)}
    given = {"unilm": "segment_ids", "permuted": "generation_order"}.get(kind)
    if given and given not in graph.inputs:
        graph.add_input(given, "int32")
    layer = graph.parts(layers.AttentionMask, name, kind=kind, **options)
    more = {}
    if kind == "unilm":
        more["segment_ids"] = graph.inputs["segment_ids"]
    if kind == "permuted":
        more["order"] = graph.inputs["generation_order"]
    return layer(graph.inputs["padding_mask"], **more)


def block(graph: Graph, i: int, hidden: Tensor, arguments: dict[str, Any]) -> Tensor:
    """One Transformer block, post-norm: (B, T, C) to (B, T, C).

    Args:
        graph: that it is drawn in.
        i: its number.
        hidden: float, (B, T, C).
        arguments: of attention. With residual scores `bias` is left in it for the next.
    """
    config, name = graph.config, graph.config.name_of_block(i)
    seen = attend(graph, name, hidden, arguments)
    hidden = residual(graph, f"{name}_attention", hidden, seen)
    thought = graph.parts(
        layers.FeedForward,
        f"{name}_feedforward",
        intermediate_dim=config.intermediate_dim,
        activation=activations(config),
        use_bias=config.use_bias,
        kernel_initializer=initializer(config),
    )(hidden)
    return residual(graph, f"{name}_feedforward", hidden, thought)


def attend(
    graph: Graph, name: str, hidden: Tensor, arguments: dict[str, Any]
) -> Tensor:
    """Attention of the block called `name`; see `block`."""
    config = graph.config
    attention = graph.parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        head_dim=config.size_of_head,
        key_dim=config.key_dim,
        use_bias=config.use_bias,
        dropout=config.attention_dropout,
        normalization=config.attention_normalization,
        kernel_initializer=initializer(config),
    )
    graph.attentions.append((attention, hidden, dict(arguments)))
    if config.residual_attention is None:
        return attention(hidden, **arguments)
    seen, logits = attention(hidden, **arguments, return_logits=True)
    if config.residual_attention == "cumulative" and "bias" in arguments:
        total = keras.layers.Add(name=f"{name}_scores_{len(graph.attentions)}_add")
        logits = total([logits, arguments["bias"]])
    arguments["bias"] = logits
    return seen


def residual(graph: Graph, name: str, before: Tensor, after: Tensor) -> Tensor:
    """`norm(before + dropout(after))`."""
    after = dropout(graph, f"{name}_dropout", after)
    total = graph.parts(keras.layers.Add, f"{name}_add")([before, after])
    return norm(graph, f"{name}_norm", total)


def norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """The config's norm, with its epsilon, and a condition if there is one."""
    config = graph.config
    if config.norm == "rms":
        make = layers.RMSNorm
        return graph.parts(make, name, epsilon=config.norm_epsilon, scale=False)(hidden)
    if config.condition_dim is None:
        return plain_norm(graph, name, hidden)
    return graph.parts(
        layers.ConditionalNorm,
        name,
        hidden_dim=config.condition_hidden_dim,
        hidden_activation=layers.activation(config.condition_activation),
        **norm_options(config),
    )(hidden, graph.inputs["condition"])


def plain_norm(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Layer norm with the checkpoint's own epsilon."""
    make = keras.layers.LayerNormalization
    return graph.parts(make, name, **norm_options(graph.config))(hidden)


def norm_options(config: Any) -> dict[str, Any]:
    """Epsilon, and first values, which a checkpoint may be about to give."""
    return {
        "epsilon": config.norm_epsilon,
        "gamma_initializer": "ones",
        "beta_initializer": "zeros",
    }


def dropout(graph: Graph, name: str, hidden: Tensor) -> Tensor:
    """Dropout at the config's common rate."""
    return graph.parts(layers.Dropout, name, rate=graph.config.dropout)(hidden)


def initializer(config: Any) -> Any:
    """First values of kernels and tables."""
    order = getattr(config, "initializer_order", None)
    if order is None:
        return layers.TruncatedNormal(stddev=config.initializer_range)
    return layers.DeepNormal(config.num_layers, order, config.hidden_dim)


def activations(config: BertConfig) -> Any:
    """Of the feed-forward layers: one, or a list."""
    given = config.activation
    if isinstance(given, str):
        return layers.activation(given)
    return [layers.activation(name) for name in given]


def head_activation(config: BertConfig) -> Any:
    """Of the MLM head: the first where they are several."""
    given = config.activation
    return layers.activation(given if isinstance(given, str) else given[0])


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
        activation=head_activation(config),
        norm_epsilon=config.norm_epsilon,
        norm=lambda name, hidden: norm(graph, name, hidden),
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
