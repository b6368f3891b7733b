"""What a ModernBERT is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kewen.layers.activations import activation
from kewen.models.bert.config import BertConfig
from kewen.models.config import require

LAYER_TYPES = ("full_attention", "sliding_attention")
_ROTARY = {
    "full_attention": "global_rope_theta",
    "sliding_attention": "local_rope_theta",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModernBertConfig(BertConfig):
    """ModernBERT; the defaults are the base model's."""

    vocabulary_size: int = 50368  # V
    num_layers: int = 22
    intermediate_dim: int = 1152  # width inside the feed-forward layers
    dropout: float = 0.0  # after the embeddings
    attention_dropout: float = 0.0  # of attention probabilities, and after attention
    feedforward_dropout: float = 0.0  # inside the feed-forward layers
    classifier_dropout: float | None = 0.0  # before a classifier
    max_length: int = 8192  # trained length
    segment_vocabulary_size: int = 0  # there are no segments
    norm_epsilon: float = 1e-5  # of every layer norm
    pad_id: int = 50283  # the id that stands for "no token"
    use_bias: bool = False  # of attention
    use_feedforward_bias: bool = False
    use_norm_bias: bool = False
    use_head_bias: bool = False  # of the dense layer inside the heads
    head_activation: str = "gelu"  # after it
    classifier_pooling: str = "cls"  # what a classifier sees: first column, or "mean"
    layer_types: Sequence[str] | None = None  # of each layer, out of LAYER_TYPES
    global_every: int = 3  # without layer_types: every so many layers attend to all
    local_window: int = 128  # width of the window of the others, to both sides
    global_rotary_base: float = 160000.0  # of layers that attend to all
    local_rotary_base: float = 10000.0  # of the others

    family: ClassVar[str] = "modernbert"
    KEYS: ClassVar = {
        "vocabulary_size": ("vocab_size",),
        "hidden_dim": ("hidden_size",),
        "num_layers": ("num_hidden_layers",),
        "num_heads": ("num_attention_heads",),
        "intermediate_dim": ("intermediate_size",),
        "activation": ("hidden_activation",),
        "dropout": ("embedding_dropout",),
        "attention_dropout": ("attention_dropout",),
        "feedforward_dropout": ("mlp_dropout",),
        "classifier_dropout": ("classifier_dropout",),
        "max_length": ("max_position_embeddings",),
        "norm_epsilon": ("norm_eps",),
        "initializer_range": ("initializer_range",),
        "pad_id": ("pad_token_id",),
        "tie_embeddings": ("tie_word_embeddings",),
        "use_bias": ("attention_bias",),
        "use_feedforward_bias": ("mlp_bias",),
        "use_norm_bias": ("norm_bias",),
        "use_head_bias": ("classifier_bias",),
        "head_activation": ("classifier_activation",),
        "classifier_pooling": ("classifier_pooling",),
        "layer_types": ("layer_types",),
        "global_every": ("global_attn_every_n_layers",),
        "local_window": ("local_attention",),
        "global_rotary_base": ("global_rope_theta",),
        "local_rotary_base": ("local_rope_theta",),
    }
    ONLY: ClassVar = {"decoder_bias": True, "rope_scaling": None}
    REPLACED: ClassVar = ("rope_parameters",)

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As every config's; `rope_parameters` says the rotary bases of both kinds."""
        joined = data.get("rope_parameters")
        bases: dict[str, Any] = {}
        if joined is not None:
            both = [joined.get(k) for k in LAYER_TYPES] if _is_table(joined) else [1]
            require(
                all(
                    each is None
                    or (_is_table(each) and each.get("rope_type") in (None, "default"))
                    for each in both
                ),
                f"{where}: rope_parameters must be a table of {LAYER_TYPES}, each of "
                "rope_type default; another network is not built here.",
                f"{joined!r}",
            )
            for kind, key in _ROTARY.items():
                base = (joined.get(kind) or {}).get("rope_theta")
                bases |= {} if base is None else {key: base}
        return super().fields_in({**bases, **data}, where=where)

    @property
    def windows(self) -> Sequence[int | None]:
        """Of each layer: how many tokens on either side are seen; None for all."""
        types = self.layer_types or [
            LAYER_TYPES[i % self.global_every > 0] for i in range(self.num_layers)
        ]
        half = self.local_window // 2
        return [half if kind == LAYER_TYPES[1] else None for kind in types]

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, biases and norms left aside."""
        c = self.hidden_dim
        block = 4 * c + 3 * self.intermediate_dim
        return c * (self.vocabulary_size + self.num_layers * block)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_whole("global_every", "local_window", at_least=1)
        self.require_rate("feedforward_dropout")
        self.require_positive("global_rotary_base", "local_rotary_base")
        self.require_flag(
            "use_bias", "use_feedforward_bias", "use_norm_bias", "use_head_bias"
        )
        activation(self.head_activation)
        require(
            self.hidden_dim // self.num_heads % 2 == 0,
            "hidden_dim / num_heads (hidden_size / num_attention_heads) must be even, "
            "because rotary positions turn pairs of features.",
            f"hidden_dim={self.hidden_dim}, num_heads={self.num_heads}",
        )
        types = self.layer_types
        require(
            types is None
            or (
                isinstance(types, list | tuple)
                and len(types) == self.num_layers
                and set(map(str, types)) <= set(LAYER_TYPES)
            ),
            f"layer_types must be one of {LAYER_TYPES} for each of the "
            f"{self.num_layers} layers.",
            f"{types!r}",
        )


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)
