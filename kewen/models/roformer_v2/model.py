"""RoFormerV2 is a leaner RoFormer.

No biases, norms by length alone and without weights, and a masked LM head that is the
token table and nothing else.

Source: Su et al., 2022, "RoFormerV2: A Faster and Better RoFormer", kexue.fm 8998.
"""

import functools
from typing import Any

from kewen import layers
from kewen.models.bert import model as bert
from kewen.models.graph import Graph
from kewen.models.roformer import model as roformer

Tensor = Any


def embeddings(graph: Graph, position_ids: Tensor | None) -> Tensor:
    """Tokens + segments: (B, T) ids to (B, T, C)."""
    hidden = bert.dropout(graph, "embeddings_dropout", bert.tokens_and_segments(graph))
    hidden = bert.norm(graph, "embeddings_norm", hidden)
    return bert.projected(graph, hidden, use_bias=False)


def draw_masked_lm(graph: Graph) -> None:
    """`mlm_logits`, (B, T, V)."""
    config, parts = graph.config, graph.parts
    hidden = graph.last_hidden_state
    if config.width_of_tables != config.hidden_dim:
        hidden = parts(
            layers.Dense,
            "output_projection",
            units=config.width_of_tables,
            use_bias=False,
            kernel_initializer=bert.initializer(config),
        )(hidden)
    hidden = bert.dropout(graph, "output_dropout", hidden)
    table = parts(layers.TokenEmbedding, "token_embedding")
    graph.outputs["mlm_logits"] = table(hidden, reverse=True)


# `bert_graph` with rotary positions, and dropout before the first norm.
roformer_v2_graph = functools.partial(
    bert.bert_graph, relate=roformer.angles, embed=embeddings
)

HEADS = {
    "masked_lm": draw_masked_lm,
    "sequence_classification": roformer.draw_sequence_classifier,
    "token_classification": bert.draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
