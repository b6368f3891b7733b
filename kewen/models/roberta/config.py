"""RoBERTa's config: BERT's, with other habits."""

import dataclasses
from typing import ClassVar

from kewen.models.bert.config import BertConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class RobertaConfig(BertConfig):
    """RoBERTa and XLM-RoBERTa; the defaults are RoBERTa-base."""

    vocabulary_size: int = 50265  # V
    max_length: int = 514  # rows of the position table, pad_id + 1 of them unused
    segment_vocabulary_size: int = 1  # one row, added everywhere
    norm_epsilon: float = 1e-5  # of every layer norm
    pad_id: int = 1  # the id that stands for "no token"; positions start above it

    family: ClassVar[str] = "roberta"

    @property
    def longest_text(self) -> int:
        """Most tokens of a text; positions start above `pad_id`."""
        return self.max_length - self.pad_id - 1
