"""mT5: T5.1.1 over many languages."""

import dataclasses
from typing import ClassVar

from kewen.models.t5 import T5Config, family_like_t5


@dataclasses.dataclass(frozen=True, kw_only=True)
class MT5Config(T5Config):
    """mT5, and T5-PEGASUS; the defaults are mT5-base.

    Source: Xue et al., 2021, section 3 (arXiv 2010.11934).
    """

    vocabulary_size: int = 250112  # V
    hidden_dim: int = 768  # C
    num_layers: int = 12  # of the encoder
    num_heads: int = 12  # H
    activation: str = "gated-gelu"  # inside the feed-forward layers
    tie_embeddings: bool = False  # the head multiplies by the token table
    scale_head: bool | None = False  # by C ** -0.5 before the head, tied or not

    family: ClassVar[str] = "mt5"

    def beyond_transformers(self) -> list[str]:
        """As every config's; MT5ForConditionalGeneration scales no head."""
        found = super().beyond_transformers()
        return [*found, "scale_head"] if self.scales_head else found


FAMILY = family_like_t5("mt5", MT5Config, "MT5", norm="rms_norm")

__all__ = ["FAMILY", "MT5Config"]
