"""RoFormer's config: BERT's with angles instead of a table of positions."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig
from kewen.models.config import MOST, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoformerConfig(BertConfig):
    """RoFormer; the defaults are the Chinese base model's."""

    vocabulary_size: int = 50000  # V
    max_length: int = 1536  # trained length; rows of the table of angles, if any
    rotary_table: bool = False  # angles are read from a table, as transformers has it
    rotary_base: float = 10000.0
    rotary_values: bool = False  # whether values are turned as queries and keys are

    family: ClassVar[str] = "roformer"
    KEYS: ClassVar = {
        **BertConfig.KEYS,
        "embedding_dim": ("embedding_size",),
        "rotary_values": ("rotary_value",),
    }
    BEYOND: ClassVar = {
        k: v for k, v in BertConfig.BEYOND.items() if k != "embedding_dim"
    }

    FREE: ClassVar = (*BertConfig.FREE, "rotary_table")  # either way of making angles

    @property
    def size_of_key(self) -> int:
        """K, of a query or key."""
        return self.key_dim or self.size_of_head

    @property
    def position_rows(self) -> int:
        """Rows of a table of absolute positions: there is none."""
        return 0

    @property
    def num_positions(self) -> int:
        """Any, unless there is a table."""
        return self.max_length if self.rotary_table else MOST

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_flag("rotary_values", "rotary_table")
        self.require_positive("rotary_base")
        require(
            self.size_of_key % 2 == 0,
            "The size of a query must be even: features are turned in pairs.",
            f"{self.size_of_key}",
        )
