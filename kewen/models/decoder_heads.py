"""The heads of a decoder: the next token, and the class of a text."""

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph


def draw_language_model(graph: Graph) -> None:
    """`lm_logits`, (B, T, V): of the token after each."""
    graph.outputs["lm_logits"] = heads.language_model(
        graph.parts,
        graph.last_hidden_state,
        token_embedding=graph.parts(layers.TokenEmbedding, "token_embedding"),
        tie=graph.config.tie_embeddings,
        kernel_initializer=bert.initializer(graph.config),
    )


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), from the last token, which has seen all others."""
    pooled = graph.parts(layers.Pooling, "classifier_pooling", mode="last")(
        graph.last_hidden_state, graph.inputs["padding_mask"]
    )
    graph.outputs["class_logits"] = heads.classify_sequence(
        graph.parts,
        pooled,
        name="classifier",
        num_labels=graph.config.num_labels,
        dropout=0.0,
        use_bias=False,
        kernel_initializer=bert.initializer(graph.config),
    )


HEADS = {
    "language_model": draw_language_model,
    "sequence_classification": draw_sequence_classifier,
}
