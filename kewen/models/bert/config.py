"""What a BERT is made of."""

import dataclasses
from typing import ClassVar

from kewen.layers.activations import activation
from kewen.models.config import Config, require

POOLINGS = ("pooler", "cls", "mean")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BertConfig(Config):
    """BERT of any size (MiniLM and RBT too); the defaults are BERT-base."""

    vocabulary_size: int = 30522  # V
    hidden_dim: int = 768  # C; must be a multiple of num_heads
    num_layers: int = 12
    num_heads: int = 12
    intermediate_dim: int = 3072  # width inside the feed-forward layers
    activation: str = "gelu"  # inside the feed-forward layers and the MLM head
    dropout: float = 0.1  # after embeddings, attention and feed-forward
    attention_dropout: float = 0.1  # of attention probabilities
    classifier_dropout: float | None = None  # before a classifier; `dropout` if None
    max_length: int = 512  # rows of the position table
    segment_vocabulary_size: int = 2  # rows of the segment table
    norm_epsilon: float = 1e-12  # of every layer norm
    initializer_range: float = 0.02  # standard deviation of new kernels
    pad_id: int = 0  # the id that stands for "no token"
    tie_embeddings: bool = True  # the MLM head multiplies by the token table
    pooler_activation: str = "tanh"  # of the pooled vector
    classifier_pooling: str = "pooler"  # what a classifier sees: pooler, cls or mean
    num_labels: int = 2  # L, of a classifier

    family: ClassVar[str] = "bert"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("hidden_size",),
        "num_layers": ("num_hidden_layers",),
        "num_heads": ("num_attention_heads",),
        "intermediate_dim": ("intermediate_size",),
        "activation": ("hidden_act",),
        "dropout": ("hidden_dropout_prob", "dropout_rate"),
        "attention_dropout": ("attention_probs_dropout_prob", "attention_dropout_rate"),
        "classifier_dropout": ("classifier_dropout",),
        "max_length": ("max_position_embeddings", "max_position"),
        "segment_vocabulary_size": ("type_vocab_size", "segment_vocab_size"),
        "norm_epsilon": ("layer_norm_eps",),
        "initializer_range": ("initializer_range",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
    }

    ONLY: ClassVar = {"position_embedding_type": "absolute"}

    @property
    def longest_text(self) -> int:
        """Most tokens of a text: rows of the position table that tokens can have."""
        return self.max_length

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c = self.hidden_dim
        tables = self.vocabulary_size + self.max_length + self.segment_vocabulary_size
        return c * (tables + self.num_layers * (4 * c + 2 * self.intermediate_dim))

    def __post_init__(self) -> None:
        self.require_whole(
            "vocabulary_size",
            "hidden_dim",
            "num_heads",
            "intermediate_dim",
            "max_length",
            "num_labels",
            at_least=1,
        )
        self.require_whole(
            "num_layers", "segment_vocabulary_size", "pad_id", at_least=0
        )
        require(
            self.hidden_dim % self.num_heads == 0,
            "hidden_dim (hidden_size) must be a multiple of num_heads "
            "(num_attention_heads).",
            f"hidden_dim={self.hidden_dim}, num_heads={self.num_heads}",
        )
        require(
            self.pad_id < self.vocabulary_size,
            "pad_id (pad_token_id) must be less than vocabulary_size (vocab_size).",
            f"pad_id={self.pad_id}, vocabulary_size={self.vocabulary_size}",
        )
        self.require_rate("dropout", "attention_dropout")
        if self.classifier_dropout is not None:
            self.require_rate("classifier_dropout")
        self.require_positive("norm_epsilon")
        self.require_spread("initializer_range")
        self.require_flag("tie_embeddings")
        require(
            self.classifier_pooling in POOLINGS,
            f"classifier_pooling must be one of {POOLINGS}.",
            f"{self.classifier_pooling!r}",
        )
        activation(self.activation)
        activation(self.pooler_activation)
