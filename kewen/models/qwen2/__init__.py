"""Qwen2 and Qwen2.5: LLaMA with biases where queries, keys and values are made."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from kewen.models.config import require
from kewen.models.llama import UNTURNED, LlamaConfig, family_like_llama

LAYER_TYPES = ("full_attention", "sliding_attention")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Qwen2Config(LlamaConfig):
    """Qwen2 and Qwen2.5; the defaults are 7B.

    Source: Qwen team, 2024, section 2.2 (arXiv 2407.10671).
    """

    vocabulary_size: int = 151936  # V
    hidden_dim: int = 4096  # C
    num_kv_heads: int | None = 32  # G, of keys and values
    intermediate_dim: int = 22016  # width inside the feed-forward layers
    max_length: int = 32768  # trained length
    use_bias: bool = True  # of the projections into the heads
    use_output_bias: bool | None = False  # of the one out of them
    use_sliding_window: bool = False  # whether `sliding_window` holds anywhere
    max_window_layers: int = 28  # the first layer where it does, without layer_types
    layer_types: Sequence[str] | None = None  # of each layer, out of LAYER_TYPES

    family: ClassVar[str] = "qwen2"
    KEYS: ClassVar = {
        **{k: v for k, v in LlamaConfig.KEYS.items() if k != "use_bias"},
        "sliding_window": ("sliding_window",),
        "use_sliding_window": ("use_sliding_window",),
        "max_window_layers": ("max_window_layers",),
        "layer_types": ("layer_types",),
    }

    @property
    def windows(self) -> Sequence[int | None]:
        """Of each layer: how many tokens a token looks at; None for all before it."""
        window = self.sliding_window if self.use_sliding_window else None
        first = self.max_window_layers
        types = self.layer_types or [
            LAYER_TYPES[i >= first] for i in range(self.num_layers)
        ]
        return [window if kind == LAYER_TYPES[1] else None for kind in types]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_flag("use_sliding_window")
        self.require_whole("max_window_layers", at_least=0)
        types = self.layer_types
        require(
            types is None
            or (len(types) == self.num_layers and set(types) <= set(LAYER_TYPES)),
            f"layer_types must be one of {LAYER_TYPES} for each of the "
            f"{self.num_layers} layers.",
            f"{types!r}",
        )


FAMILY = family_like_llama("qwen2", Qwen2Config, "Qwen2", weights=UNTURNED)

__all__ = ["FAMILY", "Qwen2Config"]
