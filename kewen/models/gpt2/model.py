"""GPT-2 is GPT with layer norm before each sublayer and at the end ("pre-norm").

    embeddings as GPT's
      -> block_{i}    norm, attention, dropout, add; norm, feed-forward, dropout, add
      -> norm, last hidden state, (B, T, C)

Source: Radford et al., 2019, section 2.3 ("Language models are unsupervised ...").
"""

from typing import Any

from kewen import heads, layers
from kewen.models.bert import model as bert
from kewen.models.decoder_heads import HEADS as OF_DECODERS
from kewen.models.gpt import model as gpt
from kewen.models.gpt2.config import Gpt2Config
from kewen.models.graph import Graph
from kewen.models.parts import Parts

Tensor = Any


def gpt2_graph(
    config: Gpt2Config,
    parts: Parts,
    *,
    application: str = "lm",
    position_input: bool = False,
) -> Graph:
    """The backbone as a graph of named layers; arguments as `gpt_graph`'s."""
    graph = Graph(config, parts)
    hidden = gpt.embeddings(graph, position_input)
    graph.hidden_states.append(gpt.dropout_of_embeddings(graph, hidden))
    mask = bert.attention_mask(graph, application)
    for i in range(config.num_layers):
        hidden = block(graph, i, graph.last_hidden_state, mask)
        graph.hidden_states.append(hidden)
    graph.add_final_norm(bert.plain_norm(graph, "final_norm", graph.last_hidden_state))
    return graph


def block(graph: Graph, i: int, hidden: Tensor, mask: Tensor) -> Tensor:
    """One Transformer block, pre-norm: (B, T, C) to (B, T, C)."""
    config, parts, name = graph.config, graph.parts, f"block_{i}"
    head_dim = config.hidden_dim // config.num_heads
    attention = parts(
        layers.MultiHeadAttention,
        f"{name}_attention",
        num_heads=config.num_heads,
        dropout=config.attention_dropout,
        scale=head_dim**-0.5 / (i + 1) if config.scale_by_layer else None,
        kernel_initializer=bert.initializer(config),
    )
    normed = bert.plain_norm(graph, f"{name}_attention_norm", hidden)
    seen = graph.attend(attention, normed, attention_mask=mask)
    hidden = gpt.added(graph, f"{name}_attention", hidden, seen)
    thought = gpt.feedforward(
        graph, i, bert.plain_norm(graph, f"{name}_feedforward_norm", hidden)
    )
    return gpt.added(graph, f"{name}_feedforward", hidden, thought)


def draw_token_classifier(graph: Graph) -> None:
    """`token_logits`, (B, T, L); a token has not seen those after it."""
    config = graph.config
    graph.outputs["token_logits"] = heads.classify_tokens(
        graph.parts,
        graph.last_hidden_state,
        num_labels=config.num_labels,
        dropout=config.classifier_dropout,
        kernel_initializer=bert.initializer(config),
    )


HEADS = {
    **OF_DECODERS,
    "token_classification": draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
