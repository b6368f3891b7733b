"""Several tokens a look: guessed cheaply, then judged by the model all at once."""

import dataclasses
from typing import Any, ClassVar

import keras
from keras import ops

from kewen.decoding.drawing import drawn
from kewen.decoding.rules.checks import is_whole
from kewen.decoding.rules.rule import Rule
from kewen.decoding.step import Prompt, State, Step, shifted
from kewen.decoding.strategy import (
    FINE,
    NOTHING,
    Generated,
    Loop,
    Strategy,
    fault_of,
    is_one_of,
    newest,
    numpy_of,
)

Tensor = Any
MOST_GUESSES = 32  # each lengthens the program, whose compilation takes seconds more


class Drafted(Step):
    """A model beside a smaller one with the same ids, which guesses what it will say.

    Args:
        step: the model.
        draft: the smaller one.
    """

    def __init__(self, step: Step, draft: Step) -> None:
        self.step = step
        self.draft = draft

    def begin(self, prompt: Prompt, capacity: int) -> tuple[Tensor, State]:
        """As `Step.begin`."""
        scores, state = self.step.begin(prompt, capacity)
        return scores, (state, self.draft.begin(prompt, capacity)[1])

    def __call__(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """As `Step.__call__`."""
        scores, own = self.step(ids, state[0])
        return scores, (own, self.draft(ids, state[1])[1])

    def variables(self) -> list[keras.Variable]:
        """As `Step.variables`."""
        every = [*self.step.variables(), *self.draft.variables()]
        return list({id(each): each for each in every}.values())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speculative(Strategy):
    """Greedy search or sampling whose law is the model's own, in fewer looks.

    `count` tokens are guessed: by the draft model of a `Drafted` step, else by looking
    up what followed the newest `ngram` tokens when they came before. The model scores
    all of them in one look. A guess x is taken with probability min(1, p(x) / q(x));
    at the first that is not, one is drawn of max(p - q, 0), and so each token is drawn
    of p, whatever the guesses. Greedy search takes guesses while they are the best.

    Prompts are decoded one after another: rows would not keep step.

    Attributes:
        count: guesses a look, at most `MOST_GUESSES`.
        ngram: newest tokens that are looked up.
        rules: as of `Paths`; guesses obey them too.
        end_ids: int, tokens that end a text; None if none does.
        sample: whether tokens are drawn.

    Source: Leviathan et al., 2023 (arXiv 2211.17192), algorithm 1; prompt look-up:
    Saxena, 2023.
    """

    count: int = 4
    ngram: int = 2
    rules: tuple[Rule, ...] = ()
    end_ids: Any = None
    sample: bool = False

    NUMBERS: ClassVar = {"end_ids": "int32"}
    ALONE: ClassVar = True
    DRAWS: ClassVar = 3  # of a guess, of its judgement, of another token

    def __post_init__(self) -> None:
        is_whole("count", self.count, 1, MOST_GUESSES)
        is_whole("ngram", self.ngram, 1)

    @property
    def spare(self) -> int:
        """As `Strategy.spare`: the guesses, and what a bucket of prompts fills up."""
        return self.count + 17

    def start(self, step: Step, logits: Tensor, state: Any, loop: Loop) -> Loop:
        """As `Strategy.start`."""
        none = ops.zeros((1,), "int32")
        loop = loop | {
            "step": state,
            "counts": none,
            "done": ops.zeros((1,), "bool"),
            "scores": ops.zeros((1,), "float32"),
            "faults": none,
            "looks": none + 1,
            "rules": self.rule_states(1),
        }
        raw = ops.cast(logits, "float32")
        ruled = self.ruled(raw, loop)
        first = drawn(ops.log(self._law(ruled)), self._luck(loop, 2))
        return self._taken(loop, [first], [raw], [ruled], none + 1)

    def grow(self, step: Step, loop: Loop) -> Loop:
        """As `Strategy.grow`: one look, up to `count` + 1 tokens."""
        guesses, laws, drafts = self._guessed(step, loop)
        ids = ops.concatenate(
            [loop["history"][:, -1:], ops.maximum(guesses, 0)], axis=1
        )
        model, state = step, loop["step"]
        if isinstance(step, Drafted):
            model, state = step.step, state[0]
        scores, states = model.look_ahead(ids, state)
        scores = ops.cast(scores, "float32")
        if not laws:
            size = scores.shape[-1]
            laws = [ops.one_hot(guesses[:, i], size) for i in range(self.count)]
        here, agreed = loop, ops.ones((1,), "bool")
        raw, ruled, tokens, taken = [], [], [], ops.zeros((1,), "int32")
        for i in range(self.count + 1):
            raw.append(scores[:, i])
            ruled.append(self.ruled(raw[i], here))
            token, accepts = self._judged(ruled[i], here, guesses, laws, i)
            tokens.append(token)
            taken = taken + ops.cast(agreed, "int32")
            agreed = ops.logical_and(agreed, accepts)
            here = self._after(here, token)
        back = (self.count + 1 - taken)[0]
        state = model.back(states, back)
        if isinstance(step, Drafted):
            state = state, step.draft.back(drafts, back)
        loop = loop | {"step": state, "looks": loop["looks"] + 1}
        return self._taken(loop, tokens, raw, ruled, taken)

    def results(self, loop: Loop) -> list[list[Generated]]:
        """As `Strategy.results`."""
        (ids,) = newest(loop["history"], loop["counts"])
        return [[Generated(ids, float(numpy_of(loop["scores"])[0]))]]

    def _guessed(self, step: Step, loop: Loop) -> tuple[Tensor, list[Tensor], Any]:
        """Guesses (1, count), -1 for none, and a draft's laws and states."""
        if not isinstance(step, Drafted):
            return _looked_up(loop["history"], self.ngram, self.count), [], []
        here, states = loop, [loop["step"][1]]
        guesses, laws = [], []
        for i in range(self.count + 1):
            scores, state = step.draft(here["history"][:, -1], states[-1])
            states.append(state)
            if i < self.count:  # the last look is for the memory alone
                laws.append(self._law(self.ruled(ops.cast(scores, "float32"), here)))
                guesses.append(drawn(ops.log(laws[i]), self._luck(here, 0)))
                here = self._after(here, guesses[i])
        return ops.stack(guesses, axis=1), laws, states

    def _judged(
        self, ruled: Tensor, here: Loop, guesses: Tensor, laws: list[Tensor], i: int
    ) -> tuple[Tensor, Tensor]:
        """Token number i of this look, and whether it is the guess."""
        law = self._law(ruled)
        if i == self.count:
            return drawn(ops.log(law), self._luck(here, 2)), ops.zeros((1,), "bool")
        guess = guesses[:, i]
        place = ops.maximum(guess, 0)[:, None]
        mine = ops.take_along_axis(law, place, axis=1)[:, 0]
        other = ops.take_along_axis(laws[i], place, axis=1)[:, 0]
        accepts = self._luck(here, 1) * other < mine
        accepts = ops.logical_and(guess >= 0, accepts)
        rest = ops.maximum(law - laws[i], 0.0)
        is_some = ops.logical_and(guess >= 0, ops.sum(rest, axis=-1) > 0)
        rest = ops.where(is_some[:, None], rest, law)
        token = drawn(ops.log(rest), self._luck(here, 2))
        return ops.where(accepts, guess, token), accepts

    def _law(self, ruled: Tensor) -> Tensor:
        """Probabilities of the next token; of greedy search all is the best one's."""
        if self.sample:
            return ops.softmax(ruled, axis=-1)
        return ops.one_hot(ops.argmax(ruled, axis=-1), ruled.shape[-1], dtype="float32")

    def _luck(self, loop: Loop, which: int) -> Tensor:
        """A random number of the next token; each token has its own three.

        So what was drawn for a guess that is thrown away is used again for the same
        place, and never was looked at for anything that stayed.
        """
        if not self.sample:
            return ops.zeros((1,), "float32")
        at = self.DRAWS * loop["counts"] + which
        at = ops.minimum(at, loop["uniforms"].shape[1] - 1)
        return ops.take_along_axis(loop["uniforms"], at[:, None], axis=1)[:, 0]

    def _after(self, loop: Loop, token: Tensor) -> Loop:
        """What rules see after one token more."""
        return loop | {
            "history": shifted(loop["history"], token),
            "counts": loop["counts"] + 1,
            "rules": self.followed(loop["rules"], token),
        }

    def _taken(
        self,
        loop: Loop,
        tokens: list[Tensor],
        raw: list[Tensor],
        ruled: list[Tensor],
        taken: Tensor,
    ) -> Loop:
        """The loop after the first `taken` tokens, up to an end id or the limit."""
        done, faults, score = loop["done"], loop["faults"], loop["scores"]
        for i, token in enumerate(tokens):
            comes = ops.logical_and(i < taken, ops.logical_not(done))
            fault = ops.where(comes, fault_of(raw[i], ruled[i]), FINE)
            own = ops.take_along_axis(raw[i], token[:, None], axis=1)[:, 0]
            own = own - ops.logsumexp(raw[i], axis=-1)
            score = score + ops.where(comes, own, 0.0)
            after = self._after(loop, token)
            for name in ("history", "counts", "rules"):
                pair = after[name], loop[name]
                loop = loop | {name: keras.tree.map_structure(_where(comes), *pair)}
            faults = ops.maximum(faults, fault)
            ends = ops.logical_or(
                is_one_of(token, self.end_ids), loop["counts"] >= loop["limits"]
            )
            ends = ops.logical_or(ends, fault != FINE)
            done = ops.logical_or(done, ops.logical_and(comes, ends))
        return loop | {"done": done, "faults": faults, "scores": score}


def _where(here: Tensor) -> Any:
    """(new, old) -> the new rows where it is so, (N,)."""

    def chosen(new: Tensor, old: Tensor) -> Tensor:
        wide = ops.reshape(here, (-1, *[1] * (len(new.shape) - 1)))
        return ops.where(wide, new, old)

    return chosen


def _looked_up(history: Tensor, ngram: int, count: int) -> Tensor:
    """What followed the newest tokens when they came last: int32, (N, count)."""
    columns = history.shape[1]
    places = ops.arange(columns, dtype="int32")
    same = places[None] < columns - 1  # where those tokens end
    for back in range(ngram):
        newest = history[:, columns - 1 - back, None]
        moved = ops.pad(
            history[:, : columns - back], ((0, 0), (back, 0)), constant_values=NOTHING
        )
        same = ops.logical_and(same, ops.logical_and(moved == newest, moved >= 0))
    last = ops.max(ops.where(same, places, -1), axis=1)[:, None]
    follows = last + 1 + ops.arange(count, dtype="int32")
    exists = ops.logical_and(last >= 0, follows < columns)
    found = ops.take_along_axis(history, ops.minimum(follows, columns - 1), axis=1)
    return ops.where(exists, found, NOTHING)
