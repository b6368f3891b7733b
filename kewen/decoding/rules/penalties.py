"""What was written before becomes less likely."""

import dataclasses
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.rules.checks import above, is_finite
from kewen.decoding.rules.occurrences import occurrences
from kewen.decoding.rules.rule import Rule, Text

Tensor = Any


@dataclasses.dataclass(frozen=True)
class RepetitionPenalty(Rule):
    """Scores of tokens that occur, in the prompt too, are divided by the penalty.

    Those below 0 are multiplied. Above 1 it discourages, below 1 it encourages. It is
    made for logits, as transformers' is; of log-probabilities (beams) all are below 0.

    Source: Keskar et al., 2019 (arXiv 1909.05858), section 4.1.
    """

    penalty: float

    NUMBERS: ClassVar = {"penalty": "float32"}
    PLACE: ClassVar = 0

    def __post_init__(self) -> None:
        above("penalty", self.penalty, 0)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        occurs = occurrences(text.ids, text.ids >= 0, logits.shape[-1]) > 0
        other = ops.where(logits > 0, logits / self.penalty, logits * self.penalty)
        return ops.where(occurs, other, logits)


@dataclasses.dataclass(frozen=True)
class PresencePenalty(Rule):
    """Subtracted from tokens that occur in what was generated, the prompt left out.

    Source: the penalties of OpenAI's API, `presence_penalty`.
    """

    penalty: float

    NUMBERS: ClassVar = {"penalty": "float32"}
    PLACE: ClassVar = 1

    def __post_init__(self) -> None:
        is_finite("penalty", self.penalty)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        occurs = occurrences(text.ids, text.is_generated(), logits.shape[-1]) > 0
        return logits - ops.where(occurs, self.penalty, 0.0)


@dataclasses.dataclass(frozen=True)
class FrequencyPenalty(Rule):
    """Subtracted for each time that a token occurs in what was generated.

    Source: the penalties of OpenAI's API, `frequency_penalty`.
    """

    penalty: float

    NUMBERS: ClassVar = {"penalty": "float32"}
    PLACE: ClassVar = 2

    def __post_init__(self) -> None:
        is_finite("penalty", self.penalty)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        count = occurrences(text.ids, text.is_generated(), logits.shape[-1])
        return logits - self.penalty * count
