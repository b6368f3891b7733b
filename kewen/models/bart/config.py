"""What a BART is made of."""

import dataclasses
from typing import ClassVar

from kewen.layers import activation
from kewen.models.config import SIZES, require
from kewen.models.encoder_decoder import EncoderDecoderConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class BartConfig(EncoderDecoderConfig):
    """BART, and Chinese BART; the defaults are BART-large."""

    vocabulary_size: int = 50265  # V
    hidden_dim: int = 1024  # C
    num_layers: int = 12  # of the encoder
    num_heads: int = 16  # of the encoder
    num_decoder_heads: int | None = None  # as many as the encoder has if None
    intermediate_dim: int = 4096  # width inside the encoder's feed-forward layers
    decoder_intermediate_dim: int | None = None  # the decoder's; the same if None
    activation: str = "gelu"  # inside the feed-forward layers
    dropout: float = 0.1  # after embeddings, attention and feed-forward
    attention_dropout: float = 0.0  # of attention probabilities
    activation_dropout: float = 0.0  # inside the feed-forward layers
    max_length: int = 1024  # positions; the tables have two rows more
    scale_embedding: bool = False  # tokens' vectors by sqrt(C)
    norm_epsilon: float = 1e-5  # of every norm
    initializer_range: float = 0.02  # standard deviation of new kernels
    pad_id: int = 1  # the id that stands for "no token"
    tie_embeddings: bool = True  # the head multiplies by the token table

    family: ClassVar[str] = "bart"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("d_model",),
        "num_layers": ("encoder_layers",),
        "num_decoder_layers": ("decoder_layers",),
        "num_heads": ("encoder_attention_heads",),
        "num_decoder_heads": ("decoder_attention_heads",),
        "intermediate_dim": ("encoder_ffn_dim",),
        "decoder_intermediate_dim": ("decoder_ffn_dim",),
        "activation": ("activation_function",),
        "dropout": ("dropout",),
        "attention_dropout": ("attention_dropout",),
        "activation_dropout": ("activation_dropout",),
        "max_length": ("max_position_embeddings",),
        "scale_embedding": ("scale_embedding",),
        "initializer_range": ("init_std",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
    }
    # Of mBART and the like, whose code once was the same.
    ONLY: ClassVar = {
        "normalize_before": False,
        "add_final_layer_norm": False,
        "normalize_embedding": True,
        "static_position_embeddings": False,
    }

    def to_json(self) -> dict[str, object]:
        """Hugging Face's keys; what the decoder shares is said as well."""
        return {
            **super().to_json(),
            "decoder_layers": self.decoder_layers,
            "decoder_attention_heads": self.decoder_heads,
            "decoder_ffn_dim": self.decoder_width,
        }

    @property
    def decoder_heads(self) -> int:
        """Of the decoder."""
        return self.num_decoder_heads or self.num_heads

    @property
    def decoder_width(self) -> int:
        """Inside the decoder's feed-forward layers."""
        return self.decoder_intermediate_dim or self.intermediate_dim

    @property
    def longest_text(self) -> int:
        """Most tokens of a text."""
        return self.max_length

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c = self.hidden_dim
        tables = (1 if self.tie_embeddings else 2) * self.vocabulary_size
        return (
            c * (tables + 2 * self.max_length)
            + self.num_layers * (4 * c * c + 2 * c * self.intermediate_dim)
            + self.decoder_layers * (8 * c * c + 2 * c * self.decoder_width)
        )

    def __post_init__(self) -> None:
        optional = self.given("num_decoder_heads", "decoder_intermediate_dim")
        self.require_whole(*SIZES, "max_length", *optional, at_least=1)
        optional = self.given("num_decoder_layers")
        self.require_whole("num_layers", "pad_id", *optional, at_least=0)
        require(
            not self.hidden_dim % self.num_heads
            and not self.hidden_dim % self.decoder_heads,
            "hidden_dim (d_model) must be a multiple of the numbers of heads.",
            f"hidden_dim={self.hidden_dim}, num_heads={self.num_heads}, "
            f"num_decoder_heads={self.num_decoder_heads}",
        )
        self.require_rate("dropout", "attention_dropout", "activation_dropout")
        self.require_positive("norm_epsilon")
        self.require_spread("initializer_range")
        self.require_flag("scale_embedding", "tie_embeddings")
        activation(self.activation)
