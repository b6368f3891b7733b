"""Qwen3: Qwen2 with a norm of each query and key instead of biases."""

import dataclasses
from typing import ClassVar

from kewen.models.llama import UNTURNED, LlamaConfig, family_like_llama
from kewen.models.qwen2 import Qwen2Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class Qwen3Config(Qwen2Config):
    """Qwen3, dense; the defaults are 8B.

    Source: Qwen team, 2025, section 2 (arXiv 2505.09388), "QK-Norm".
    """

    head_dim: int | None = 128  # D
    use_bias: bool = False  # of the projections into the heads
    use_output_bias: bool | None = None  # of the one out of them; as use_bias if None
    query_key_norm: bool = True  # whether each head's query and key are normed

    family: ClassVar[str] = "qwen3"
    KEYS: ClassVar = {**Qwen2Config.KEYS, "use_bias": LlamaConfig.KEYS["use_bias"]}


FAMILY = family_like_llama("qwen3", Qwen3Config, "Qwen3", weights=UNTURNED)

__all__ = ["FAMILY", "Qwen3Config"]
