"""What is done with scores, over and over: the part that differs between decoders."""

import abc
import dataclasses
from typing import Any, ClassVar

import numpy as np
from keras import ops

from kewen.decoding.numbers import Numbered
from kewen.decoding.rules.rule import Rule, Text
from kewen.decoding.step import Prompt, Step

Tensor = Any
Loop = dict[str, Any]
NOTHING = -1  # in a history, where no token is

FINE, NOT_FINITE, NOTHING_ALLOWED = range(3)  # faults of a row


@dataclasses.dataclass(frozen=True)
class Generated:
    """What came of one prompt.

    Attributes:
        ids: int32, (T,), without the prompt; the end id, if one came, is the last.
        score: sum of the log-probabilities that the model gave these ids; of a beam
            search as its length and coverage penalty have it.
    """

    ids: np.ndarray
    score: float


class Strategy(Numbered, abc.ABC):
    """Chooses ids. B prompts, N rows, L columns of history, V ids.

    A loop is a dict of tensors: the step's own state and the strategy's. Every strategy
    has in it `history`, int32 (N, L), with `NOTHING` where no token is, right-aligned;
    `counts`, int32 (N,), the tokens that were generated; `done`, bool (B,).

    Attributes:
        ALONE: whether it takes one prompt at a time.
        DRAWS: random numbers for each token.
    """

    rules: tuple[Rule, ...] = ()
    PARTS: ClassVar[tuple[str, ...]] = ("rules",)
    ALONE: ClassVar[bool] = False
    DRAWS: ClassVar[int] = 1

    @property
    def spare(self) -> int:
        """Columns that it needs beyond the longest text."""
        return 0

    def step_of(self, step: Step) -> Step:
        """The step as this strategy needs it."""
        return step

    @abc.abstractmethod
    def start(self, step: Step, logits: Tensor, state: Any, loop: Loop) -> Loop:
        """The loop after the first choice.

        Args:
            step: the model.
            logits: (B, V), after the prompts.
            state: the step's.
            loop: what all strategies are given: `history` and `limits`, int32 (B,),
                the most tokens that may be generated, and the driver's own.
        """

    @abc.abstractmethod
    def grow(self, step: Step, loop: Loop) -> Loop:
        """One token more in each row that is not done."""

    @abc.abstractmethod
    def results(self, loop: Loop) -> list[list[Generated]]:
        """What was generated so far, for each prompt, the best first."""

    def ruled(self, logits: Tensor, loop: Loop) -> Tensor:
        """The scores after all rules, (N, V) float32."""
        counts = loop["counts"]
        each = counts.shape[0] // loop["limits"].shape[0]
        left = ops.repeat(loop["limits"], each) - counts
        for rule, state in zip(self.rules, loop["rules"], strict=True):
            logits = rule(logits, Text(loop["history"], counts, left, state))
        return logits

    def followed(self, states: list[Any], ids: Tensor) -> list[Any]:
        """The rules' states after these ids."""
        pairs = zip(self.rules, states, strict=True)
        return [rule.follow(state, ids) for rule, state in pairs]

    def rule_states(self, rows: int) -> list[Any]:
        """The rules' states before the first token."""
        return [rule.start(rows) for rule in self.rules]


def history_of(prompt: Prompt, capacity: int) -> Tensor:
    """The prompts' tokens on the right of `capacity` columns: int32, (N, L)."""
    ids: Any = ops.where(prompt["padding_mask"], prompt["token_ids"], NOTHING)
    before = capacity - ids.shape[1]
    room = ((0, 0), (max(before, 0), 0))
    return ops.pad(ids, room, constant_values=NOTHING)[:, -capacity:]


def fault_of(raw: Tensor, ruled: Tensor) -> Tensor:
    """What is wrong with scores before and after the rules: int32, (N,)."""
    highest = ops.max(raw, axis=-1)
    broken = ops.logical_or(
        ops.any(ops.isnan(raw), axis=-1), ops.abs(highest) == float("inf")
    )
    banned = ops.max(ruled, axis=-1) == -float("inf")
    fault = ops.where(banned, NOTHING_ALLOWED, FINE)
    return ops.cast(ops.where(broken, NOT_FINITE, fault), "int32")


def top_k(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest scores of each row, and their places: (B, M) to (B, count) twice."""
    found: Any = ops.top_k(scores, count)
    return found[0], ops.cast(found[1], "int32")


def numpy_of(tensor: Tensor) -> np.ndarray:
    """The tensor of any backend as an array."""
    found: Any = ops.convert_to_numpy(tensor)
    return found


def is_one_of(ids: Tensor, some: Tensor | None) -> Tensor:
    """Whether each id is among some: int (...) and (M,) to bool (...); None is none."""
    if some is None:
        return ops.zeros_like(ids, "bool")
    return ops.any(ids[..., None] == some, axis=-1)


def texts_of(loop: Loop) -> list[list[Generated]]:
    """Of a strategy with a text a prompt: what was generated so far."""
    texts = newest(loop["history"], loop["counts"])
    scores = numpy_of(loop["scores"])
    return [
        [Generated(ids, float(score))] for ids, score in zip(texts, scores, strict=True)
    ]


def newest(history: Tensor, counts: Tensor) -> list[np.ndarray]:
    """The last `counts[n]` ids of each row."""
    pairs = zip(numpy_of(history), numpy_of(counts), strict=True)
    return [row[len(row) - count :] for row, count in pairs]
