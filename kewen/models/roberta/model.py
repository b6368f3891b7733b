"""RoBERTa is BERT whose positions are counted from the tokens.

Its classifier has a hidden layer of its own instead of the pooler.

Source: Liu et al., 2019 (arXiv 1907.11692).
"""

import functools
from typing import Any

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph

Tensor = Any


def count_from_padding(graph: Graph) -> Tensor:
    """int, (B, T): `pad_id + 1` for the first token of a row, and so on."""
    numbering = graph.parts(
        layers.PositionsAfterPadding,
        "position_ids_of_tokens",
        pad_id=graph.config.pad_id,
        longest_text=graph.config.longest_text,
    )
    return numbering(graph.inputs["token_ids"])


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), from dropout, dense and tanh over the pooled tokens."""
    classify_through_dense(graph, "tanh")


def classify_through_dense(graph: Graph, activation: Any) -> None:
    """`class_logits`, (B, L), from dropout, dense and activation over pooled tokens."""
    config, parts = graph.config, graph.parts
    asked = config.classifier_pooling
    mode = "first" if asked == "pooler" else asked
    pooled = parts(layers.Pooling, "classifier_pooling", mode=mode)(
        graph.last_hidden_state, graph.inputs["padding_mask"]
    )
    rate = bert.classifier_dropout(config)
    kept = parts(layers.Dropout, "classifier_dense_dropout", rate=rate)(pooled)
    inner = parts(
        layers.Dense,
        "classifier_dense",
        units=config.hidden_dim,
        activation=activation,
        kernel_initializer=bert.initializer(config),
    )(kept)
    graph.outputs["class_logits"] = heads.classify_sequence(
        parts,
        inner,
        name="classifier",
        num_labels=config.num_labels,
        dropout=rate,
        kernel_initializer=bert.initializer(config),
    )


# `bert_graph` with RoBERTa's numbering where positions are not given.
roberta_graph = functools.partial(bert.bert_graph, number_positions=count_from_padding)

HEADS = {
    "pooler": bert.draw_pooler,
    "masked_lm": bert.draw_masked_lm,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": bert.draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
