"""What may change the scores of the next token before one is chosen."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.numbers import Numbered

Tensor = Any
FORBIDDEN = -float("inf")  # a token's score


@dataclasses.dataclass(frozen=True)
class Text:
    """What a rule knows of the rows. N rows, L columns.

    Attributes:
        ids: int32, (N, L): prompt and what was generated, the newest in the last
            column; -1 where nothing is.
        counts: int32, (N,): how many of them were generated.
        left: int32, (N,): how many may still be, the next one among them.
        state: what the rule itself remembers, see `Rule.start`.
    """

    ids: Tensor
    counts: Tensor
    left: Tensor
    state: Any = ()

    def is_generated(self) -> Tensor:
        """Which of the ids were generated: bool, (N, L)."""
        columns = self.ids.shape[1]
        behind = ops.arange(columns - 1, -1, -1, dtype="int32")
        return behind[None] < self.counts[:, None]


class Rule(Numbered, abc.ABC):
    """Changes scores: (logits (N, V) float32, text) to (N, V).

    A score of -inf forbids a token. Rules are applied in the order in which they are
    given. One that has to follow the text token by token (an automaton) has a state.

    Attributes:
        PLACE: where it stands in the usual order, see `in_usual_order`.
        prompts: how many prompts it is made for; None for any.
    """

    PLACE: ClassVar[int] = 15

    @property
    def prompts(self) -> int | None:
        """None: it is for any number."""
        return None

    @property
    def least(self) -> int:
        """Tokens that the shortest text needs, without an end id."""
        return 0

    @abc.abstractmethod
    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """Other scores of the next tokens."""

    def start(self, rows: int) -> Any:
        """What it remembers before the first token, rows first; () for nothing."""
        return ()

    def follow(self, state: Any, ids: Tensor) -> Any:
        """The state after these ids, int32 (N,)."""
        return state


def in_usual_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules in the order in which nearly everybody applies them.

    Penalties; bans and constraints; minimal length, forced start and end; temperature;
    top-k, top-p, min-p, typical. So filters see the law that is left, and temperature
    decides how many tokens a mass needs. Rules of one's own stand with the constraints;
    those of one kind stay as they are given.
    """
    return tuple(sorted(rules, key=lambda rule: rule.PLACE))
