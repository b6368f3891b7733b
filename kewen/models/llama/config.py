"""What a LLaMA is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kewen.layers.activations import activation
from kewen.models.config import SIZES, Config, require
from kewen.ops import check_rotary_scaling, rotary_frequencies


@dataclasses.dataclass(frozen=True, kw_only=True)
class LlamaConfig(Config):
    """LLaMA 1 to 3.2, and what is built like it; the defaults are LLaMA-7B."""

    vocabulary_size: int = 32000  # V
    hidden_dim: int = 4096  # C
    num_layers: int = 32
    num_heads: int = 32  # H, of queries
    num_kv_heads: int | None = None  # G, of keys and values; H if None
    head_dim: int | None = None  # D; C / H if None
    intermediate_dim: int = 11008  # width inside the feed-forward layers
    activation: str = "silu"  # of the gates in the feed-forward layers
    attention_dropout: float = 0.0  # of attention probabilities
    max_length: int = 2048  # trained length
    rotary_base: float = 10000.0
    rotary_scaling: Mapping[str, Any] | None = None  # see ops.rotary_frequencies
    norm_epsilon: float = 1e-6  # of every norm
    initializer_range: float = 0.02  # standard deviation of new kernels
    pad_id: int | None = None  # the id that stands for "no token"
    use_bias: bool = False  # of the projections into the heads
    use_output_bias: bool | None = None  # of the one out of them; as use_bias if None
    use_feedforward_bias: bool = False
    query_key_norm: bool = False  # whether each head's query and key are normed
    tie_embeddings: bool = False  # the head multiplies by the token table
    sliding_window: int | None = None  # tokens that a token looks at, itself included
    num_labels: int = 2  # L, of a classifier

    family: ClassVar[str] = "llama"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("hidden_size",),
        "num_layers": ("num_hidden_layers",),
        "num_heads": ("num_attention_heads",),
        "num_kv_heads": ("num_key_value_heads",),
        "head_dim": ("head_dim",),
        "intermediate_dim": ("intermediate_size",),
        "activation": ("hidden_act",),
        "attention_dropout": ("attention_dropout",),
        "max_length": ("max_position_embeddings",),
        "rotary_base": ("rope_theta",),
        "rotary_scaling": ("rope_scaling",),
        "norm_epsilon": ("rms_norm_eps",),
        "initializer_range": ("initializer_range",),
        "pad_id": ("pad_token_id",),
        "use_bias": ("attention_bias",),
        "use_feedforward_bias": ("mlp_bias",),
        "tie_embeddings": ("tie_word_embeddings",),
    }
    REPLACED: ClassVar = ("rope_parameters",)
    SPARE_ROWS: ClassVar = (
        True  # Qwen's V is a multiple of 128, whatever the vocabulary
    )

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; `rope_parameters` says both rotary fields."""
        return super().fields_in(with_rotary_keys(data), where=where)

    def to_json(self) -> dict[str, Any]:
        """Hugging Face's keys; transformers takes a missing head_dim, but no null."""
        said = super().to_json()
        return {k: v for k, v in said.items() if (k, v) != ("head_dim", None)}

    @property
    def kv_heads(self) -> int:
        """G."""
        return self.num_kv_heads or self.num_heads

    @property
    def size_of_head(self) -> int:
        """D."""
        return self.head_dim or self.hidden_dim // self.num_heads

    @property
    def windows(self) -> Sequence[int | None]:
        """Of each layer: how many tokens a token looks at; None for all before it."""
        return [self.sliding_window] * self.num_layers

    @property
    def longest_text(self) -> int:
        """Most tokens of a text that the model was trained for."""
        return self.max_length

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c, d = self.hidden_dim, self.size_of_head
        attention = 2 * c * d * (self.num_heads + self.kv_heads)
        block = attention + 3 * c * self.intermediate_dim
        tables = 1 if self.tie_embeddings else 2
        return tables * c * self.vocabulary_size + self.num_layers * block

    def __post_init__(self) -> None:
        self.require_whole(*SIZES, "max_length", "num_labels", at_least=1)
        self.require_whole("num_layers", at_least=0)
        optional = self.given("num_kv_heads", "head_dim", "sliding_window")
        self.require_whole(*optional, at_least=1)
        self.require_whole(*self.given("pad_id"), at_least=-1)
        self.require_whole_heads()
        require(
            self.num_heads % self.kv_heads == 0,
            "num_heads (num_attention_heads) must be a multiple of num_kv_heads "
            "(num_key_value_heads).",
            f"num_heads={self.num_heads}, num_kv_heads={self.num_kv_heads}",
        )
        self.require_rate("attention_dropout")
        self.require_positive("norm_epsilon", "rotary_base")
        self.require_spread("initializer_range")
        self.require_flag(
            "use_bias", "use_feedforward_bias", "query_key_norm", "tie_embeddings"
        )
        activation(self.activation)
        check_rotary_scaling(self.rotary_scaling)
        rotary_frequencies(self.size_of_head, self.rotary_base, self.rotary_scaling)


def with_rotary_keys(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A config.json with the two keys that transformers 5 joins to `rope_parameters`.

    `rope_theta` and `rope_scaling` are what older releases and other libraries read.
    """
    joined = data.get("rope_parameters")
    if not isinstance(joined, Mapping):
        return data
    scaling = {k: v for k, v in joined.items() if k != "rope_theta"}
    separate: dict[str, Any] = {}
    if "rope_theta" in joined:
        separate["rope_theta"] = joined["rope_theta"]
    if scaling.get("rope_type", "default") != "default":
        separate["rope_scaling"] = scaling
    return {**separate, **{k: v for k, v in data.items() if k != "rope_parameters"}}
