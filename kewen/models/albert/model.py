"""ALBERT is BERT whose blocks share their weights, with narrow tables.

The network is `bert_graph`: sharing is in the names that the config gives the blocks.
Instead of the next sentence, its second task is the order of two.

Source: Lan et al., 2020 (arXiv 1909.11942).
"""

from kewen import heads
from kewen.models.bert import model as bert
from kewen.models.graph import Graph


def draw_sentence_order(graph: Graph) -> None:
    """`sop_logits`, (B, 2): 0 means that the two texts are in their order."""
    graph.outputs["sop_logits"] = heads.classify_sequence(
        graph.parts,
        bert.draw_pooler(graph),
        name="sentence_order",
        num_labels=2,
        dropout=bert.classifier_dropout(graph.config),
        kernel_initializer=bert.initializer(graph.config),
    )


HEADS = {
    "pooler": bert.draw_pooler,
    "masked_lm": bert.draw_masked_lm,
    "sentence_order": draw_sentence_order,
    "sequence_classification": bert.draw_sequence_classifier,
    "token_classification": bert.draw_token_classifier,
    "question_answering": bert.draw_answer_span,
}
