"""ELECTRA's config: BERT's, with narrow tables."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class ElectraConfig(BertConfig):
    """ELECTRA, generator or discriminator; the defaults are the small one's."""

    hidden_dim: int = 256  # C
    embedding_dim: int | None = 128  # of the tables, projected to C
    num_heads: int = 4
    intermediate_dim: int = 1024  # width inside the feed-forward layers

    family: ClassVar[str] = "electra"
    KEYS: ClassVar = {**BertConfig.KEYS, "embedding_dim": ("embedding_size",)}
    BEYOND: ClassVar = {
        k: v for k, v in BertConfig.BEYOND.items() if k != "embedding_dim"
    }
