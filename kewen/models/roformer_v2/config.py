"""RoFormerV2's config: RoFormer's with other defaults."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from kewen.models.config import require
from kewen.models.roformer.config import RoformerConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoformerV2Config(RoformerConfig):
    """RoFormerV2; the defaults are the Chinese base model's."""

    max_length: int = 512  # trained length
    activation: str | Sequence[str] = "relu"  # inside the feed-forward layers
    norm: str = "rms"  # without mean and without weights
    use_bias: bool = False  # of attention and feed-forward layers
    initializer_order: int | None = 2  # new kernels are smaller in deeper models

    family: ClassVar[str] = "roformer_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.tie_embeddings,
            "RoFormerV2's head is the token table: tie_embeddings "
            "(tie_word_embeddings) must be true.",
            f"{self.tie_embeddings}",
        )
