"""GAU-alpha's config: RoFormerV2's with other defaults."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from kewen.models.config import require
from kewen.models.roformer_v2.config import RoformerV2Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class GauAlphaConfig(RoformerV2Config):
    """GAU-alpha; the defaults are the published base model's."""

    vocabulary_size: int = 12000  # V
    num_layers: int = 24
    key_dim: int | None = 128  # K, of a query or key; there is one head
    intermediate_dim: int = 1536  # E, width of gates and values
    activation: str | Sequence[str] = "swish"  # of gates, values, queries and keys
    attention_normalization: str = "softmax_plus"  # see ops.attention_probabilities
    initializer_order: int | None = 3  # new kernels are smaller in deeper models

    family: ClassVar[str] = "gau_alpha"
    KEYS: ClassVar = {**RoformerV2Config.KEYS, "key_dim": ("attention_key_size",)}
    BEYOND: ClassVar = {
        k: v for k, v in RoformerV2Config.BEYOND.items() if k != "key_dim"
    }

    @property
    def num_weights(self) -> int:
        """Weights of the tables and the blocks, scales and norms left aside."""
        c, e = self.hidden_dim, self.intermediate_dim
        rows = self.vocabulary_size + self.segment_vocabulary_size
        block = c * (3 * e + self.size_of_key)
        return self.width_of_tables * rows + self.num_layers * block

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            isinstance(self.activation, str),
            f"{self.called('activation')} must be one name: the unit is gated anyway.",
            f"{self.activation!r}",
        )
        require(
            self.residual_attention is None,
            "GAU-alpha has no residual scores: residual_attention must be None.",
            f"{self.residual_attention!r}",
        )
