"""DistilBERT is BERT without segments and without a pooler.

Its classifier has a hidden layer of its own, with ReLU, instead.

Source: Sanh et al., 2019, section 2 (arXiv 1910.01108).
"""

import keras

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), from dense and ReLU over the pooled tokens."""
    config, parts = graph.config, graph.parts
    asked = config.classifier_pooling
    mode = "first" if asked == "pooler" else asked
    pooled = parts(layers.Pooling, "classifier_pooling", mode=mode)(
        graph.last_hidden_state, graph.inputs["padding_mask"]
    )
    inner = parts(
        keras.layers.Dense,
        "classifier_dense",
        units=config.hidden_dim,
        activation="relu",
        kernel_initializer=bert.initializer(config),
    )(pooled)
    graph.outputs["class_logits"] = heads.classify_sequence(
        parts,
        inner,
        name="classifier",
        num_labels=config.num_labels,
        dropout=bert.classifier_dropout(config),
        kernel_initializer=bert.initializer(config),
    )


def draw_token_classifier(graph: Graph) -> None:
    """`token_logits`, (B, T, L); dropout is the common one here."""
    graph.outputs["token_logits"] = heads.classify_tokens(
        graph.parts,
        graph.last_hidden_state,
        num_labels=graph.config.num_labels,
        dropout=graph.config.dropout,
        kernel_initializer=bert.initializer(graph.config),
    )


def draw_answer_span(graph: Graph) -> None:
    """`start_logits` and `end_logits`, (B, T) each."""
    rate = graph.config.span_dropout
    kept = graph.parts(layers.Dropout, "span_dropout", rate=rate)
    start, end = heads.answer_span(
        graph.parts,
        kept(graph.last_hidden_state),
        kernel_initializer=bert.initializer(graph.config),
    )
    graph.outputs |= {"start_logits": start, "end_logits": end}


HEADS = {
    "masked_lm": bert.draw_masked_lm,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": draw_token_classifier,
    "question_answering": draw_answer_span,
}
