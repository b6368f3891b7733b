"""ELECTRA is BERT trained in pairs: one proposes tokens, one finds them out.

The generator has the masked LM head, the discriminator one score a token. The network
is `bert_graph`. Its classifier has a hidden layer of its own instead of the pooler.

Source: Clark et al., 2020 (arXiv 2003.10555).
"""

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.roberta.model import classify_through_dense


def draw_replaced_token(graph: Graph) -> None:
    """`replaced_logits`, (B, T): above 0 where a token is taken for a replaced one."""
    config, parts = graph.config, graph.parts
    hidden = parts(
        layers.Dense,
        "replaced_dense",
        units=config.hidden_dim,
        activation=bert.head_activation(config),
        kernel_initializer=bert.initializer(config),
    )(graph.last_hidden_state)
    scores = parts(
        layers.Dense,
        "replaced",
        units=1,
        kernel_initializer=bert.initializer(config),
    )(hidden)
    graph.outputs["replaced_logits"] = scores[..., 0]


def draw_masked_lm(graph: Graph) -> None:
    """`mlm_logits`, (B, T, V); its activation is gelu, whatever the blocks have."""
    config = graph.config
    graph.outputs["mlm_logits"] = heads.masked_lm(
        graph.parts,
        graph.last_hidden_state,
        token_embedding=graph.parts(layers.TokenEmbedding, "token_embedding"),
        tie=config.tie_embeddings,
        activation=layers.gelu_erf,
        norm_epsilon=config.norm_epsilon,
        norm=lambda name, hidden: bert.norm(graph, name, hidden),
        kernel_initializer=bert.initializer(config),
    )


def draw_sequence_classifier(graph: Graph) -> None:
    """`class_logits`, (B, L), from dropout, dense and gelu over the pooled tokens."""
    classify_through_dense(graph, layers.gelu_erf)


HEADS = {
    "replaced_token": draw_replaced_token,
    "masked_lm": draw_masked_lm,
    "sequence_classification": draw_sequence_classifier,
    "token_classification": bert.draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
