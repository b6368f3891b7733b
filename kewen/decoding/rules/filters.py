"""What is left to chance: temperature, and which tokens are likely enough.

Every filter keeps at least one token, and all tokens that are as good as the last one
that it keeps.
"""

import dataclasses
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.rules.checks import LEAST_FLOAT, above, between, is_whole
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text
from kewen.decoding.rules.threshold import threshold

Tensor = Any


LEAST_TEMPERATURE = 1e-6
GREEDY = "Greedy search draws nothing: leave it out."


@dataclasses.dataclass(frozen=True)
class Temperature(Rule):
    """Divides scores: below 1 likely tokens become likelier, above 1 all more alike."""

    temperature: float

    NUMBERS: ClassVar = {"temperature": "float32"}
    PLACE: ClassVar = 30

    def __post_init__(self) -> None:
        # Scores divided by less than this overflow.
        above("temperature", self.temperature, LEAST_TEMPERATURE, GREEDY)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        return logits / self.temperature


@dataclasses.dataclass(frozen=True)
class TopK(Rule):
    """The k likeliest tokens. Source: Fan et al., 2018 (arXiv 1805.04833)."""

    k: int

    NUMBERS: ClassVar = {"k": "float32"}
    PLACE: ClassVar = 31

    def __post_init__(self) -> None:
        is_whole("k", self.k, 1)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        k = ops.minimum(self.k, logits.shape[-1])
        aim = ops.ones_like(logits[:, 0]) * k
        lowest = threshold(logits, 1.0, aim, lambda t: ops.ones_like(t))
        return ops.where(logits >= lowest[:, None], logits, FORBIDDEN)


@dataclasses.dataclass(frozen=True)
class TopP(Rule):
    """The fewest tokens whose probabilities sum up to p; all if p is 1.

    Source: Holtzman et al., 2020 (arXiv 1904.09751), section 3.1.
    """

    p: float

    NUMBERS: ClassVar = {"p": "float32"}
    PLACE: ClassVar = 32

    def __post_init__(self) -> None:
        between("p", self.p, 0, 1)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        weights = _relative(logits)
        p: Any = ops.cast(self.p, "float32")
        aim = p * ops.sum(weights, axis=-1)
        # All that are less likely than this would not fill half of what is left out.
        unlikely = (1 - p) / (2 * logits.shape[-1])
        lowest = threshold(
            weights, weights, aim, lambda t: ops.maximum(t, 0.0), (unlikely, 1.0)
        )
        lowest = ops.where(self.p >= 1, 0.0, lowest)
        return ops.where(weights >= lowest[:, None], logits, FORBIDDEN)


@dataclasses.dataclass(frozen=True)
class MinP(Rule):
    """Tokens at least p times as likely as the likeliest.

    Source: Nguyen et al., 2024 (arXiv 2407.01082).
    """

    p: float

    NUMBERS: ClassVar = {"p": "float32"}
    PLACE: ClassVar = 33

    def __post_init__(self) -> None:
        between("p", self.p, 0, 1)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        return ops.where(_relative(logits) >= self.p, logits, FORBIDDEN)


@dataclasses.dataclass(frozen=True)
class Typical(Rule):
    """The fewest tokens of mass p whose information is nearest to the entropy.

    Source: Meister et al., 2022 (arXiv 2202.00666), section 4.
    """

    p: float

    NUMBERS: ClassVar = {"p": "float32"}
    PLACE: ClassVar = 34

    def __post_init__(self) -> None:
        between("p", self.p, 0, 1)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        is_out = logits == FORBIDDEN
        log_p = ops.log_softmax(logits, axis=-1)
        law = ops.where(is_out, 0.0, ops.exp(log_p))
        terms = ops.where(is_out, 0.0, law * log_p)
        entropy = -ops.sum(terms, axis=-1, keepdims=True)
        near = ops.where(is_out, FORBIDDEN, -ops.abs(log_p + entropy))
        aim = ops.cast(self.p, "float32") * ops.sum(law, axis=-1)
        aim = ops.maximum(aim, LEAST_FLOAT)  # where p is 0 in float32
        lowest = threshold(near, law, aim)
        lowest = ops.where(self.p >= 1, FORBIDDEN, lowest)
        return ops.where(near >= lowest[:, None], logits, FORBIDDEN)


def _relative(logits: Tensor) -> Tensor:
    """Probabilities, relative to the highest: (0, 1]; 0 where all is forbidden."""
    highest = ops.max(logits, axis=-1, keepdims=True)
    return ops.exp(logits - ops.where(highest == FORBIDDEN, 0.0, highest))
