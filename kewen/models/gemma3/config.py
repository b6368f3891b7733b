"""Gemma 3's config: LLaMA's, with other habits."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kewen.models.config import require
from kewen.models.llama import LlamaConfig

FULL, SLIDING = "full_attention", "sliding_attention"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gemma3Config(LlamaConfig):
    """Gemma 3, its text model; the defaults are 4B's.

    Source: Gemma team, 2025, section 2 (arXiv 2503.19786).
    """

    vocabulary_size: int = 262208  # V
    hidden_dim: int = 2560  # C
    num_layers: int = 34
    num_heads: int = 8  # H, of queries
    num_kv_heads: int | None = 4  # G, of keys and values
    head_dim: int | None = 256  # D
    intermediate_dim: int = 10240  # width inside the feed-forward layers
    activation: str = "gelu_tanh"  # of the gates in the feed-forward layers
    max_length: int = 131072  # trained length
    rotary_base: float = 1000000.0  # of the layers that see all tokens
    local_rotary_base: float = 10000.0  # of those that look at a window
    query_scalar: float = 256.0  # scores are divided by its root
    query_key_norm: bool = True  # whether each head's query and key are normed
    tie_embeddings: bool = True  # the head multiplies by the token table
    sliding_window: int | None = 4096  # tokens that a token looks at, itself included
    window_period: int = 6  # each such layer sees all, without layer_types
    layer_types: Sequence[str] | None = None  # FULL or SLIDING, of each layer
    attention_soft_cap: float | None = None  # bound of attention's scores (Gemma 2)
    logit_soft_cap: float | None = None  # bound of the tokens' scores (Gemma 2)

    family: ClassVar[str] = "gemma3"
    KEYS: ClassVar = {
        **LlamaConfig.KEYS,
        "activation": ("hidden_activation", "hidden_act"),
        "local_rotary_base": ("rope_local_base_freq",),
        "query_scalar": ("query_pre_attn_scalar",),
        "sliding_window": ("sliding_window",),
        "window_period": ("sliding_window_pattern", "_sliding_window_pattern"),
        "layer_types": ("layer_types",),
        "attention_soft_cap": ("attn_logit_softcapping",),
        "logit_soft_cap": ("final_logit_softcapping",),
    }
    ONLY: ClassVar = {"use_bidirectional_attention": False}

    @classmethod
    def fields_in(cls, data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """As LLaMA's; `rope_parameters` of transformers 5 has a table a layer type."""
        joined = data.get("rope_parameters")
        if isinstance(joined, Mapping) and isinstance(joined.get(FULL), Mapping):
            local = joined.get(SLIDING) or {}
            require(
                isinstance(local, Mapping)
                and local.get("rope_type", "default") == "default",
                f"{where}: rope_parameters of {SLIDING} must be of rope_type default.",
                f"{local!r}",
            )
            base = {"rope_local_base_freq": local.get("rope_theta")}
            data = {**base, **data, "rope_parameters": joined[FULL]}
        return super().fields_in(data, where=where)

    def to_json(self) -> dict[str, Any]:
        """Hugging Face's keys; transformers knows the approximation by another name."""
        said = super().to_json()
        if self.activation == "gelu_tanh":
            said["hidden_activation"] = "gelu_pytorch_tanh"
        return said

    @property
    def windows(self) -> Sequence[int | None]:
        """Of each layer: how many tokens a token looks at; None for all before it."""
        types = self.layer_types or [
            SLIDING if (i + 1) % self.window_period else FULL
            for i in range(self.num_layers)
        ]
        return [self.sliding_window if kind == SLIDING else None for kind in types]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_whole("window_period", at_least=1)
        self.require_positive("local_rotary_base", "query_scalar")
        self.require_positive(*self.given("attention_soft_cap", "logit_soft_cap"))
        types = self.layer_types
        require(
            types is None
            or (len(types) == self.num_layers and set(types) <= {FULL, SLIDING}),
            f"layer_types must be {FULL} or {SLIDING} for each of the "
            f"{self.num_layers} layers.",
            f"{types!r}",
        )
