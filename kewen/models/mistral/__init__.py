"""Mistral: LLaMA whose tokens look at a window."""

import dataclasses
from typing import ClassVar

from kewen.models.llama import LlamaConfig, family_like_llama


@dataclasses.dataclass(frozen=True, kw_only=True)
class MistralConfig(LlamaConfig):
    """Mistral; the defaults are 7B v0.1.

    Source: Jiang et al., 2023 (arXiv 2310.06825). Their W is `sliding_window`.
    """

    intermediate_dim: int = 14336  # width inside the feed-forward layers
    num_kv_heads: int | None = 8  # G, of keys and values
    max_length: int = 32768  # trained length
    sliding_window: int | None = None  # tokens that a token looks at, itself included

    family: ClassVar[str] = "mistral"
    KEYS: ClassVar = {**LlamaConfig.KEYS, "sliding_window": ("sliding_window",)}


FAMILY = family_like_llama("mistral", MistralConfig, "Mistral")

__all__ = ["FAMILY", "MistralConfig"]
