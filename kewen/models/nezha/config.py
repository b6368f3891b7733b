"""NEZHA's config: BERT's without a table of positions."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig
from kewen.models.config import MOST, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class NezhaConfig(BertConfig):
    """NEZHA; the defaults are the Chinese base model's."""

    vocabulary_size: int = 21128  # V
    farthest: int = 64  # distances are cut to this many to both sides

    family: ClassVar[str] = "nezha"
    KEYS: ClassVar = {**BertConfig.KEYS, "farthest": ("max_relative_position",)}

    @property
    def position_rows(self) -> int:
        """Rows of a table of absolute positions: there is none."""
        return 0

    @property
    def num_positions(self) -> int:
        """Any: distances are what counts."""
        return MOST

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_whole("farthest", at_least=1)
        require(
            self.size_of_head % 2 == 0 and self.key_dim in (None, self.size_of_head),
            "The sizes of queries and of values must be one even number, that of the "
            "vectors of distances.",
            f"key_dim={self.key_dim}, head_dim={self.size_of_head}",
        )
