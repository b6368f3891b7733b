"""DistilBERT's config: BERT's without segments, under other keys."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class DistilBertConfig(BertConfig):
    """DistilBERT; the defaults are the base model's, six layers of BERT-base."""

    num_layers: int = 6
    segment_vocabulary_size: int = 0  # there are no segments
    classifier_dropout: float | None = 0.2  # before a classifier of texts
    span_dropout: float = 0.1  # before the two scores of an answer's span

    family: ClassVar[str] = "distilbert"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("dim",),
        "num_layers": ("n_layers",),
        "num_heads": ("n_heads",),
        "intermediate_dim": ("hidden_dim",),
        "activation": ("activation",),
        "dropout": ("dropout",),
        "attention_dropout": ("attention_dropout",),
        "classifier_dropout": ("seq_classif_dropout",),
        "span_dropout": ("qa_dropout",),
        "max_length": ("max_position_embeddings",),
        "initializer_range": ("initializer_range",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_rate("span_dropout")
