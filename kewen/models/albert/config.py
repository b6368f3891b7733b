"""ALBERT's config: BERT's, with narrow tables and blocks that share weights."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from kewen.models.bert.config import BertConfig
from kewen.models.config import require


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlbertConfig(BertConfig):
    """ALBERT; the defaults are the base model's, version 2."""

    vocabulary_size: int = 30000  # V
    embedding_dim: int | None = 128  # of the tables, projected to C
    num_groups: int = 1  # of blocks; those of a group have the same weights
    activation: str | Sequence[str] = "gelu_new"  # of feed-forward and MLM head
    dropout: float = 0.0  # after embeddings, attention and feed-forward
    attention_dropout: float = 0.0  # of attention probabilities
    classifier_dropout: float | None = 0.1  # before a classifier

    family: ClassVar[str] = "albert"
    KEYS: ClassVar = {
        **BertConfig.KEYS,
        "embedding_dim": ("embedding_size",),
        "num_groups": ("num_hidden_groups",),
        "classifier_dropout": ("classifier_dropout_prob",),
    }
    BEYOND: ClassVar = {
        k: v for k, v in BertConfig.BEYOND.items() if k != "embedding_dim"
    }
    ONLY: ClassVar = {**BertConfig.ONLY, "inner_group_num": 1}

    @property
    def num_blocks(self) -> int:
        """Blocks that have weights of their own."""
        return self.num_groups

    def name_of_block(self, i: int) -> str:
        """What the names of layer i's layers begin with: one name a group."""
        return f"block_{i * self.num_groups // self.num_layers}"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_whole("num_groups", at_least=1)
        require(
            self.num_groups <= max(self.num_layers, 1),
            "num_groups (num_hidden_groups) must be at most num_layers "
            "(num_hidden_layers).",
            f"num_groups={self.num_groups}, num_layers={self.num_layers}",
        )
