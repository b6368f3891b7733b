"""What a T5 is made of."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from kewen.layers import activation
from kewen.layers.activations import name_in_bert4keras, name_in_transformers
from kewen.layers.positions.bucketed import buckets
from kewen.models.config import SIZES, require
from kewen.models.encoder_decoder import EncoderDecoderConfig

GATED = "gated-"
# What transformers calls an activation where it stands behind "gated-".
_BEHIND_GATED = {"gelu": "gelu_new"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class T5Config(EncoderDecoderConfig):
    """T5 1.0 and 1.1, Flan, and what is built like them; the defaults are T5-small."""

    vocabulary_size: int = 32128  # V
    hidden_dim: int = 512  # C
    num_layers: int = 6  # of the encoder
    num_heads: int = 8  # H
    head_dim: int | None = None  # D; C / H if None
    intermediate_dim: int = 2048  # width inside the feed-forward layers
    activation: str = "relu"  # inside the feed-forward layers; "gated-gelu" has a gate
    dropout: float = 0.1  # of embeddings, sublayers' outputs, feed-forward, and the end
    attention_dropout: float | None = None  # of probabilities; as `dropout` if None
    num_buckets: int = 32  # of distances between positions
    max_distance: int = 128  # from here on no distances are told apart
    norm_epsilon: float = 1e-6  # of every norm
    initializer_factor: float = 1.0  # of the standard deviations of new kernels
    pad_id: int | None = 0  # the id that stands for "no token"
    tie_embeddings: bool = True  # the head multiplies by the token table
    scale_head: bool | None = None  # by C ** -0.5 before the head; if tied, if None
    cross_position_bias: bool = False  # bert4keras: positions in cross-attention too

    family: ClassVar[str] = "t5"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("d_model", "hidden_size"),
        "num_layers": ("num_layers", "num_hidden_layers"),
        "num_decoder_layers": ("num_decoder_layers",),
        "num_heads": ("num_heads", "num_attention_heads"),
        "head_dim": ("d_kv", "attention_head_size"),
        "intermediate_dim": ("d_ff", "intermediate_size"),
        "activation": ("feed_forward_proj", "hidden_act"),
        "dropout": ("dropout_rate", "hidden_dropout_prob"),
        "num_buckets": ("relative_attention_num_buckets",),
        "max_distance": ("relative_attention_max_distance",),
        "norm_epsilon": ("layer_norm_epsilon",),
        "initializer_factor": ("initializer_factor",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
        "scale_head": ("scale_decoder_outputs",),
    }
    FREE: ClassVar = ("attention_dropout",)
    # What transformers makes of feed_forward_proj by itself.
    REPLACED: ClassVar = ("dense_act_fn", "is_gated_act")
    SPARE_ROWS: ClassVar = True  # V is a multiple of 128, whatever the vocabulary

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; bert4keras writes a gate as [activation, "linear"]."""
        if isinstance(data.get("hidden_act"), list):
            data = {**data, "hidden_act": activation_of_bert4keras(data["hidden_act"])}
        return super().fields_in(data, where=where)

    def to_json(self) -> dict[str, Any]:
        """Hugging Face's keys; what follows from other fields is said as well."""
        return {
            **super().to_json(),
            "num_decoder_layers": self.decoder_layers,
            "feed_forward_proj": self._feed_forward_proj,
            "d_kv": self.size_of_head,
            "scale_decoder_outputs": self.scales_head,
        }

    @property
    def _feed_forward_proj(self) -> str:
        if not self.is_gated:
            return name_in_transformers(self.activation)
        name = self.activation.removeprefix(GATED)
        return GATED + {"gelu_tanh": "gelu", "gelu_erf": "gelu_python"}.get(name, name)

    def activation_for_bert4keras(self) -> Any:
        """The inverse of `activation_of_bert4keras`."""
        if not self.is_gated:
            return name_in_bert4keras(self.activation)
        name = self.activation.removeprefix(GATED)
        return [name_in_bert4keras(_BEHIND_GATED.get(name, name)), "linear"]

    @property
    def size_of_head(self) -> int:
        """D."""
        return self.head_dim or self.hidden_dim // self.num_heads

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward layers have a gate."""
        return self.activation.startswith(GATED)

    @property
    def activation_function(self) -> Callable[[Any], Any]:
        """Between the feed-forward layers, or of their gate."""
        name = self.activation.removeprefix(GATED)
        return activation(_BEHIND_GATED.get(name, name) if self.is_gated else name)

    @property
    def scales_head(self) -> bool:
        """Whether the decoder's output is multiplied by C ** -0.5 before the head."""
        return self.tie_embeddings if self.scale_head is None else self.scale_head

    @property
    def probability_dropout(self) -> float:
        """Of attention probabilities."""
        given = self.attention_dropout
        return self.dropout if given is None else given

    @property
    def longest_text(self) -> int:
        """Distances have no end, so that no table limits a text; memory will."""
        return 2**20

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, norms left aside."""
        c = self.hidden_dim
        attention = 4 * c * self.num_heads * self.size_of_head
        thought = (3 if self.is_gated else 2) * c * self.intermediate_dim
        tables = 1 if self.tie_embeddings else 2
        return (
            tables * c * self.vocabulary_size
            + self.num_layers * (attention + thought)
            + self.decoder_layers * (2 * attention + thought)
        )

    def __post_init__(self) -> None:
        sizes = (*SIZES, "num_buckets", "max_distance", *self.given("head_dim"))
        self.require_whole(*sizes, at_least=1)
        self.require_whole("num_layers", *self.given("num_decoder_layers"), at_least=0)
        self.require_whole(*self.given("pad_id"), at_least=-1)
        self.require_whole_heads()
        self.require_rate("dropout", *self.given("attention_dropout"))
        self.require_positive("norm_epsilon", "initializer_factor")
        flags = ("tie_embeddings", "cross_position_bias", *self.given("scale_head"))
        self.require_flag(*flags)
        require(
            isinstance(self.activation, str),
            "activation (feed_forward_proj) must be a name.",
            f"{self.activation!r}",
        )
        _ = self.activation_function
        buckets(self.num_buckets // 2, self.max_distance)
        buckets(self.num_buckets, self.max_distance)


def activation_of_bert4keras(hidden_act: Any) -> Any:
    """The activation as `T5Config` has it: [activation, "linear"] there is a gate."""
    if not isinstance(hidden_act, list):
        return hidden_act
    require(
        len(hidden_act) == 2 and hidden_act[1] == "linear",
        'A list in hidden_act must be [activation, "linear"]; another network is not '
        "built here.",
        f"{hidden_act!r}",
    )
    name = "gelu_python" if hidden_act[0] == "gelu" else hidden_act[0]
    return f"{GATED}{name}"
