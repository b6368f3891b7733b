"""What may change the scores of the next token before one is chosen."""

import abc
import dataclasses
from typing import Any

from kewen.decoding.numbers import Numbered

Tensor = Any


@dataclasses.dataclass(frozen=True)
class Text:
    """What a rule knows of the rows. N rows, L columns.

    Attributes:
        ids: int32, (N, L): prompt and what was generated, the newest in the last
            column; -1 where nothing is.
        counts: int32, (N,): how many of them were generated.
        state: what the rule itself remembers, see `Rule.start`.
    """

    ids: Tensor
    counts: Tensor
    state: Any = ()


class Rule(Numbered, abc.ABC):
    """Changes scores: (logits (N, V) float32, text) to (N, V).

    A score of -inf forbids a token. Rules are applied in the order in which they are
    given. One that has to follow the text token by token (an automaton) has a state.
    """

    @abc.abstractmethod
    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """Other scores of the next tokens."""

    def start(self, rows: int) -> Any:
        """What it remembers before the first token, rows first; () for nothing."""
        return ()

    def follow(self, state: Any, ids: Tensor) -> Any:
        """The state after these ids, int32 (N,)."""
        return state
