"""What a BERT is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kewen.layers import activation, check_alpha
from kewen.models.config import SIZES, Config, require
from kewen.ops import check_normalization

POOLINGS = ("pooler", "cls", "mean")
NORMS = ("layer", "rms")
RESIDUALS = ("cumulative", "previous")
ALPHA = 0.4  # of hierarchical positions, where a config only says that there are some


@dataclasses.dataclass(frozen=True, kw_only=True)
class BertConfig(Config):
    """BERT of any size (MiniLM and RBT too); the defaults are BERT-base."""

    vocabulary_size: int = 30522  # V
    hidden_dim: int = 768  # C; a multiple of num_heads where head_dim is not given
    embedding_dim: int | None = None  # of the tables, projected to C; C if None
    num_layers: int = 12
    num_heads: int = 12
    head_dim: int | None = None  # D, of a value; C / num_heads if None
    key_dim: int | None = None  # of a query or key; D if None
    intermediate_dim: int = 3072  # width inside the feed-forward layers
    # Inside the feed-forward layers and the MLM head; several gate each other (GLU).
    activation: str | Sequence[str] = "gelu"
    attention_normalization: str = "softmax"  # see ops.attention_probabilities
    # Scores of a layer on those before it: "cumulative" (RealFormer), or "previous",
    # the raw ones of the layer before, as bert4keras' models were trained; None: no.
    residual_attention: str | None = None
    dropout: float = 0.1  # after embeddings, attention and feed-forward
    attention_dropout: float = 0.1  # of attention probabilities
    classifier_dropout: float | None = None  # before a classifier; `dropout` if None
    max_length: int = 512  # rows of the position table
    hierarchical_positions: float | None = None  # alpha of max_length ** 2 positions
    segment_vocabulary_size: int = 2  # rows of the segment table
    shared_segments: bool = False  # segment ids are rows of the token table
    condition_dim: int | None = None  # K, of the vector that every norm depends on
    condition_hidden_dim: int | None = None  # of a dense layer before that; None: no
    condition_activation: str = "linear"  # of that layer
    norm: str = "layer"  # or "rms": without mean and without weights
    norm_epsilon: float = 1e-12  # of every norm
    use_bias: bool = True  # of attention and feed-forward layers
    initializer_range: float = 0.02  # standard deviation of new kernels ...
    initializer_order: int | None = None  # ... unless depth decides; layers.DeepNormal
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

    BEYOND: ClassVar = {
        "embedding_dim": ("embedding_size",),
        "head_dim": ("attention_head_size",),
        "key_dim": ("attention_key_size",),
        "residual_attention": ("residual_attention_scores",),
        "hierarchical_positions": ("hierarchical_position",),
        "shared_segments": ("shared_segment_embeddings",),
    }
    FREE: ClassVar = (
        "hierarchical_positions",
        "condition_hidden_dim",  # it goes with condition_dim, as the next does
        "condition_activation",
        "initializer_order",
        "classifier_pooling",  # of the head
        "num_labels",
    )
    ONLY: ClassVar = {"position_embedding_type": "absolute"}

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; bert4keras says true where a field holds how."""
        said = super().fields_in(data, where=where)
        for name, meant in (
            ("hierarchical_positions", ALPHA),
            ("residual_attention", RESIDUALS[0]),
        ):
            if isinstance(said.get(name), bool):
                said[name] = meant if said[name] else None
        return said

    def beyond_transformers(self) -> list[str]:
        """Fields that ask for a network that transformers has no class for.

        Hierarchical positions are none of them: those that its table has are the same.
        """
        same = {"embedding_dim": self.hidden_dim, "head_dim": self.usual_head}
        found = [
            n for n in super().beyond_transformers() if getattr(self, n) != same.get(n)
        ]
        usual = type(self).__dataclass_fields__["segment_vocabulary_size"].default
        if usual and not self.segment_vocabulary_size:
            found.append("segment_vocabulary_size")
        return found if isinstance(self.activation, str) else [*found, "activation"]

    @property
    def usual_head(self) -> int:
        """D where nothing is said of it."""
        return self.hidden_dim // self.num_heads

    @property
    def width_of_tables(self) -> int:
        """Of a row of the token table."""
        return self.embedding_dim or self.hidden_dim

    @property
    def size_of_head(self) -> int:
        """D."""
        return self.head_dim or self.usual_head

    @property
    def position_rows(self) -> int:
        """Rows of a table of absolute positions."""
        return self.max_length

    @property
    def num_positions(self) -> int:
        """Position ids that have a vector: 0 to this, exclusively."""
        is_flat = self.hierarchical_positions is None
        return self.max_length if is_flat else self.max_length**2

    @property
    def longest_text(self) -> int:
        """Most tokens of a text: positions that tokens can have."""
        return self.num_positions

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c, d = self.hidden_dim, self.size_of_head
        rows = self.vocabulary_size + self.segment_vocabulary_size + self.position_rows
        attention = 2 * self.num_heads * ((self.key_dim or d) + d)
        block = c * (attention + 2 * self.intermediate_dim)
        return self.width_of_tables * rows + self.num_blocks * block

    @property
    def num_blocks(self) -> int:
        """Blocks that have weights of their own."""
        return self.num_layers

    def name_of_block(self, i: int) -> str:
        """What the names of layer i's layers begin with."""
        return f"block_{i}"

    def __post_init__(self) -> None:
        self.require_whole(*SIZES, "max_length", "num_labels", at_least=1)
        self.require_whole(
            "num_layers", "segment_vocabulary_size", "pad_id", at_least=0
        )
        optional = (
            "embedding_dim",
            "head_dim",
            "key_dim",
            "condition_dim",
            "condition_hidden_dim",
            "initializer_order",
        )
        self.require_whole(*self.given(*optional), at_least=1)
        self.require_whole_heads()
        require(
            self.pad_id < self.vocabulary_size,
            "pad_id (pad_token_id) must be less than vocabulary_size (vocab_size).",
            f"pad_id={self.pad_id}, vocabulary_size={self.vocabulary_size}",
        )
        optional = self.given("classifier_dropout")
        self.require_rate("dropout", "attention_dropout", *optional)
        self.require_positive("norm_epsilon")
        self.require_spread("initializer_range")
        self.require_flag("tie_embeddings", "shared_segments", "use_bias")
        require(self.norm in NORMS, f"norm must be one of {NORMS}.", f"{self.norm!r}")
        require(
            self.norm == "layer" or self.condition_dim is None,
            "A condition needs weights of the norms, norm='layer'.",
            f"norm={self.norm!r}, condition_dim={self.condition_dim}",
        )
        require(
            self.residual_attention in (None, *RESIDUALS),
            f"{self.called('residual_attention')} must be one of {RESIDUALS}, or None.",
            f"{self.residual_attention!r}",
        )
        if self.hierarchical_positions is not None:
            check_alpha(self.hierarchical_positions)
        check_normalization(self.attention_normalization)
        require(
            self.classifier_pooling in POOLINGS,
            f"classifier_pooling must be one of {POOLINGS}.",
            f"{self.classifier_pooling!r}",
        )
        given = self.activation
        several = [given] if isinstance(given, str) else given
        require(
            isinstance(several, Sequence)
            and len(several) > 0
            and all(isinstance(name, str) for name in several),
            f"{self.called('activation')} must be a name, or a list of names.",
            f"{given!r}",
        )
        for name in (*several, self.pooler_activation, self.condition_activation):
            activation(name)
