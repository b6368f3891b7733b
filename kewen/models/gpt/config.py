"""What a GPT is made of."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from kewen.layers.activations import activation, name_in_bert4keras
from kewen.models.config import SIZES, Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class GptConfig(Config):
    """OpenAI's GPT and the Chinese CDial-GPT; the defaults are OpenAI's."""

    vocabulary_size: int = 40478  # V
    hidden_dim: int = 768  # C; must be a multiple of num_heads
    num_layers: int = 12
    num_heads: int = 12
    intermediate_dim: int = 3072  # width inside the feed-forward layers
    activation: str = "gelu_new"  # inside the feed-forward layers
    dropout: float = 0.1  # after attention and feed-forward
    embeddings_dropout: float = 0.1
    attention_dropout: float = 0.1  # of attention probabilities
    max_length: int = 512  # rows of the position table
    segment_vocabulary_size: int = 0  # rows of a segment table; 0: there is none
    shared_segments: bool = False  # segment ids are rows of the token table
    norm_epsilon: float = 1e-5  # of every layer norm
    initializer_range: float = 0.02  # standard deviation of new kernels
    pad_id: int | None = None  # the id that stands for "no token"
    tie_embeddings: bool = True  # the head multiplies by the token table
    num_labels: int = 2  # L, of a classifier

    family: ClassVar[str] = "gpt"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("n_embd", "hidden_size"),
        "num_layers": ("n_layer", "num_hidden_layers"),
        "num_heads": ("n_head", "num_attention_heads"),
        "intermediate_dim": ("n_inner", "intermediate_size"),
        "activation": ("afn", "hidden_act"),
        "dropout": ("resid_pdrop", "hidden_dropout_prob", "dropout_rate"),
        "embeddings_dropout": ("embd_pdrop", "hidden_dropout_prob", "dropout_rate"),
        "attention_dropout": (
            "attn_pdrop",
            "attention_probs_dropout_prob",
            "attention_dropout_rate",
        ),
        "max_length": ("n_positions", "max_position_embeddings", "max_position"),
        "segment_vocabulary_size": ("type_vocab_size", "segment_vocab_size"),
        "shared_segments": ("shared_segment_embeddings",),
        "norm_epsilon": ("layer_norm_epsilon", "layer_norm_eps"),
        "initializer_range": ("initializer_range",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
    }

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; without a width the feed-forward is four times as wide.

        What this family's `afn` calls "gelu" is the tanh approximation.
        """
        if data.get("afn") == "gelu":
            data = {**data, "afn": "gelu_new"}
        values = super().fields_in(data, where=where)
        if isinstance(width := values.get("hidden_dim"), int):
            values.setdefault("intermediate_dim", 4 * width)
        return values

    def to_json(self) -> dict[str, Any]:
        """Hugging Face's keys; what is exact has no name in `afn`, and is no "gelu"."""
        said = super().to_json()
        if "afn" in said:
            name = name_in_bert4keras(self.activation)
            said["afn"] = {"gelu_tanh": "gelu", "gelu": "gelu_erf"}.get(name, name)
        return said

    def beyond_transformers(self) -> list[str]:
        """As every config's; OpenAIGPTModel has one width, and few activations."""
        strange = {}
        if self.KEYS["activation"][0] == "afn":
            known = ("gelu_tanh", "relu", "swish")
            strange = {
                "intermediate_dim": self.intermediate_dim != 4 * self.hidden_dim,
                "activation": name_in_bert4keras(self.activation) not in known,
                "segment_vocabulary_size": self.own_segments > 0,
            }
        found = [name for name, is_strange in strange.items() if is_strange]
        return [*super().beyond_transformers(), *found]

    @property
    def num_segments(self) -> int:
        """How many segments there can be; 0 where there is no such input."""
        return self.vocabulary_size if self.shared_segments else self.own_segments

    @property
    def own_segments(self) -> int:
        """Rows of the segment table."""
        return 0 if self.shared_segments else self.segment_vocabulary_size

    @property
    def longest_text(self) -> int:
        """Most tokens of a text: rows of the position table."""
        return self.max_length

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c = self.hidden_dim
        tables = self.vocabulary_size + self.max_length + self.own_segments
        if not self.tie_embeddings:
            tables += self.vocabulary_size
        return c * (tables + self.num_layers * (4 * c + 2 * self.intermediate_dim))

    def __post_init__(self) -> None:
        self.require_whole(*SIZES, "max_length", "num_labels", at_least=1)
        self.require_whole("num_layers", "segment_vocabulary_size", at_least=0)
        self.require_whole(*self.given("pad_id"), at_least=-1)
        self.require_whole_heads()
        self.require_rate("dropout", "embeddings_dropout", "attention_dropout")
        self.require_positive("norm_epsilon")
        self.require_spread("initializer_range")
        self.require_flag("shared_segments", "tie_embeddings")
        activation(self.activation)
