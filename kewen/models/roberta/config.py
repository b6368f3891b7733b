"""RoBERTa's config: BERT's, with other habits."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig
from kewen.models.config import require


@dataclasses.dataclass(frozen=True, kw_only=True)
class RobertaConfig(BertConfig):
    """RoBERTa and XLM-RoBERTa; the defaults are RoBERTa-base."""

    vocabulary_size: int = 50265  # V
    max_length: int = 514  # rows of the position table, pad_id + 1 of them unused
    segment_vocabulary_size: int = 1  # one row, added everywhere
    norm_epsilon: float = 1e-5  # of every layer norm
    pad_id: int = 1  # the id that stands for "no token"; positions start above it

    family: ClassVar[str] = "roberta"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.longest_text >= 1,
            "max_length (max_position_embeddings) must be at least pad_id "
            "(pad_token_id) + 2, because positions start above pad_id.",
            f"max_length={self.max_length}, pad_id={self.pad_id}",
        )

    @property
    def longest_text(self) -> int:
        """Most tokens of a text; positions start above `pad_id`."""
        return self.num_positions - self.pad_id - 1
