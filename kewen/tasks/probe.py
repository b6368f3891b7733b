"""A few texts by which an export is compared with the model that it was made from."""

from collections.abc import Mapping
from typing import Any

from kewen.text import Tokenizer

TEXTS = (
    "Good.",
    "很好，下次还来。",
    "Shares fell after the bank cut its forecast for growth in the coming year.",
    "今天天气真不错，我们一起去公园走走，然后在湖边的小店里喝一杯热茶。",
    "The keeper saved a penalty, the striker scored twice, and the supporters, who had "
    "waited in the rain for hours, sang until the lights of the stadium went out.",
)


def probe_rows(tokenizer: Tokenizer, max_length: int) -> list[Mapping[str, Any]]:
    """The texts as rows of a batch."""
    return list(tokenizer.encode_many(list(TEXTS), max_length=max_length))
