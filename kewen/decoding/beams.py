"""Beam search: several paths at once, and those that end best."""

import dataclasses
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.rules.checks import (
    LEAST_FLOAT,
    MOST_COUNTED,
    MOST_FLOAT,
    above,
    is_whole,
)
from kewen.decoding.rules.rule import Rule
from kewen.decoding.step import Step, flat_rows, shifted, taken_rows
from kewen.decoding.strategy import (
    FINE,
    NOT_FINITE,
    NOTHING_ALLOWED,
    Generated,
    Loop,
    Strategy,
    fault_of,
    is_one_of,
    newest,
    numpy_of,
    top_k,
)
from kewen.errors import ConfigError

Tensor = Any
STOPS = "bound", "full", "best"
NEVER = -1e9  # the sum of what is out; a real sum of log-probabilities is above
NO_TEXT = -float("inf")  # where no whole text is; a real score is finite


@dataclasses.dataclass(frozen=True, kw_only=True)
class Beams(Strategy):
    """Keeps the K likeliest beginnings of each prompt, and the K best whole texts.

    Each step looks at the 2 K likeliest continuations. Those among the first K that end
    are whole texts, scored by `sum of log-probabilities / length ** length_penalty`,
    the length being that of what was generated, end id included; the K likeliest that
    do not end go on. At the limit all end.

    A prompt is done when K texts are whole and, as `stop` says,
        "bound": the likeliest beginning, had it ended at its length now, would be no
            better than the worst of them (transformers' `early_stopping=False`);
        "full": at once (`early_stopping=True`);
        "best": no beginning could become better within the limit (`"never"`).

    With `groups` the K beams are so many groups, searched one after another; what the
    groups before have chosen in this step costs `diversity` a time. A group's texts are
    its own.

    With `coverage`, b, a whole text's score is higher by
        b * sum over the source's tokens of log(min(what was looked at of it, 1)),
    which is at most 0: what was looked at is the attention that all tokens of the text
    paid it, see `Step.attending`. A text that leaves out a part of its source is worth
    less. "bound" then asks of every beginning what it would be worth had it ended, and
    "best" counts no coverage of beginnings, which may still come to look at all.

    Attributes:
        num_beams: K. More than there are ids are filled as texts grow; as many as
            there are texts find all of them.
        num_results: how many texts a prompt is given, at most K; all K if None.
        length_penalty: above 0 favours long texts, below 0 short ones.
        stop: "bound", "full" or "best".
        groups: of which K is a multiple.
        diversity: what a repetition among groups costs.
        coverage: b, above 0; None leaves it out.
        rules: change the log-probabilities before they are added up.
        end_ids: int, tokens that end a text; None if none does.

    Source: length penalty and batches as in transformers; groups: Vijayakumar et al.,
    2018 (arXiv 1610.02424), section 3; coverage: Wu et al., 2016 (arXiv 1609.08144),
    equation 14.
    """

    num_beams: int
    num_results: int | None = None
    length_penalty: float = 1.0
    stop: str = "bound"
    groups: int = 1
    diversity: float = 0.0
    coverage: float | None = None
    rules: tuple[Rule, ...] = ()
    end_ids: Any = None

    NUMBERS: ClassVar = {
        "length_penalty": "float32",
        "diversity": "float32",
        "coverage": "float32",
        "end_ids": "int32",
    }

    def __post_init__(self) -> None:
        is_whole("num_beams", self.num_beams, 1)
        is_whole("groups", self.groups, 1)
        if self.coverage is not None:
            above("coverage", self.coverage, 0.0)
        if self.num_results is not None:
            is_whole("num_results", self.num_results, 1, self.num_beams)
        if self.num_beams % self.groups:
            raise ConfigError(
                "num_beams must be a multiple of groups. Received: "
                f"{self.num_beams} beams in {self.groups} groups."
            )
        if not isinstance(self.stop, str) or self.stop not in STOPS:
            raise ConfigError(
                "When a beam search is done must be 'bound', 'full' or 'best', which "
                "transformers calls early_stopping=False, True and 'never'. Received: "
                f"{self.stop!r}."
            )

    def check(self, vocabulary_size: int) -> None:
        """Refuse a vocabulary that such beams cannot search.

        Raises:
            ConfigError: if it has no choice, or makes more continuations than int32
                counts.
        """
        if vocabulary_size < 2:
            raise ConfigError(
                "Beams need a choice of ids. Received: a vocabulary of "
                f"{vocabulary_size}."
            )
        is_whole("num_beams", self.num_beams, 1, MOST_COUNTED // vocabulary_size)

    def step_of(self, step: Step) -> Step:
        """As `Strategy.step_of`: one that tells what it looks at, if that counts."""
        return step if self.coverage is None else step.attending()

    def start(self, step: Step, logits: Tensor, state: Any, loop: Loop) -> Loop:
        """As `Strategy.start`: every beam is given the prompt's likeliest tokens."""
        prompts, size = logits.shape
        self.check(size)
        beams = self.num_beams
        rows = ops.repeat(ops.arange(prompts, dtype="int32"), beams)
        # One beam of each group is the prompt; the others are out till they are filled.
        first = ops.arange(beams, dtype="int32") % (beams // self.groups) == 0
        sums = ops.where(first, 0.0, NEVER)
        history = ops.take(loop["history"], rows, axis=0)
        none = ops.zeros((prompts * beams,), "int32")
        if self.coverage is not None:
            state, attention = _attention_of(state)
            loop = loop | {"covered": ops.take(attention, rows, axis=0)}
        return self._chosen(
            step,
            ops.take(logits, rows, axis=0),
            loop
            | {
                "step": step.spread(state, beams),
                "history": history,
                "counts": none,
                "sums": ops.tile(sums[None], (prompts, 1)),
                "rules": self.rule_states(prompts * beams),
                "faults": ops.zeros((prompts,), "int32"),
                "done": ops.zeros((prompts,), "bool"),
                "ended": ops.reshape(history, (prompts, beams, -1)),
                "ended_counts": ops.zeros((prompts, beams), "int32"),
                "ended_scores": ops.full((prompts, beams), NO_TEXT, "float32"),
                "open": ops.ones((prompts, self.groups), "bool"),
            },
        )

    def grow(self, step: Step, loop: Loop) -> Loop:
        """As `Strategy.grow`."""
        logits, state = step(loop["history"][:, -1], loop["step"])
        if self.coverage is not None:
            state, attention = _attention_of(state)
            loop = loop | {"covered": loop["covered"] + attention}
        return self._chosen(step, logits, loop | {"step": state})

    def results(self, loop: Loop) -> list[list[Generated]]:
        """As `Strategy.results`: at most `num_results` whole texts a prompt."""
        scores = numpy_of(loop["ended_scores"])
        columns = loop["ended"].shape[-1]
        texts = newest(
            ops.reshape(loop["ended"], (-1, columns)),
            ops.reshape(loop["ended_counts"], (-1,)),
        )
        found = []
        for prompt, row in enumerate(scores):
            best = sorted(range(len(row)), key=lambda beam: -row[beam])
            found.append(
                [
                    Generated(texts[prompt * len(row) + beam], float(row[beam]))
                    for beam in best[: self.num_results]
                    if row[beam] > NO_TEXT
                ]
            )
        return found

    def _chosen(self, step: Step, logits: Tensor, loop: Loop) -> Loop:
        """The next token of every beam, and the texts that end with it."""
        prompts, beams = loop["sums"].shape
        raw = ops.cast(logits, "float32")
        size = raw.shape[-1]
        ruled = self.ruled(ops.log_softmax(raw, axis=-1), loop)
        fault = _fault_of_prompts(loop, fault_of(raw, ruled))
        gains = ops.reshape(ruled, (prompts, beams, size))
        owed = ops.reshape(self._owed(loop), (prompts, beams))
        each = beams // self.groups
        used = ops.zeros((prompts, 1, size), "float32")
        chosen: list[_Group] = []
        for group in range(self.groups):
            part = slice(group * each, (group + 1) * each)
            here = gains[:, part] - self.diversity * used
            found = self._group(loop, here, owed, part, group)
            chosen.append(found)
            if group + 1 < self.groups:
                marks = ops.one_hot(found.ids, size, dtype="float32")
                goes_on = ops.cast(found.sums > NEVER / 2, "float32")
                marks = marks * goes_on[:, :, None]  # fillers are nobody's choice
                used = used + ops.sum(marks, axis=1, keepdims=True)
        whole = {
            name: ops.concatenate([getattr(group, name) for group in chosen], axis=1)
            for name in ("ids", "parents", "sums", "ended", "ended_counts")
        }
        whole["ended_scores"] = ops.concatenate([g.scores for g in chosen], axis=1)
        open_ = ops.concatenate([group.open for group in chosen], axis=1)
        rows = flat_rows(whole["parents"])
        ids = ops.reshape(whole["ids"], (-1,))
        history = ops.take(loop["history"], rows, axis=0)
        states = [taken_rows(state, rows) for state in loop["rules"]]
        if self.coverage is not None:
            loop = loop | {"covered": ops.take(loop["covered"], rows, axis=0)}
        return loop | {
            "step": step.reorder(loop["step"], whole["parents"]),
            "history": shifted(history, ids),
            "counts": ops.take(loop["counts"], rows, axis=0) + 1,
            "sums": whole["sums"],
            "rules": self.followed(states, ids),
            "faults": ops.where(loop["done"], loop["faults"], fault),
            "ended": whole["ended"],
            "ended_counts": whole["ended_counts"],
            "ended_scores": whole["ended_scores"],
            "open": open_,
            "done": ops.logical_or(ops.logical_not(ops.any(open_, axis=1)), fault > 0),
        }

    def _owed(self, loop: Loop) -> Tensor:
        """What each beam's text is worth less for what it has not looked at: (N,)."""
        if self.coverage is None:
            return ops.zeros_like(loop["history"][:, 0], "float32")
        covered = ops.clip(loop["covered"], LEAST_FLOAT, 1.0)
        return self.coverage * ops.sum(ops.log(covered), axis=1)

    def _group(
        self, loop: Loop, gains: Tensor, owed: Tensor, part: slice, group: int
    ) -> "_Group":
        prompts, each, size = gains.shape
        count = ops.reshape(loop["counts"], (prompts, -1))[:, :1] + 1  # with this token
        is_last = count >= loop["limits"][:, None]
        totals = loop["sums"][:, part, None] + gains
        totals = ops.maximum(totals, 2 * NEVER)  # of what is forbidden, -inf before
        sums, places = top_k(ops.reshape(totals, (prompts, -1)), 2 * each)
        ids, parents = places % size, places // size + part.start
        ends = is_one_of(ids, self.end_ids)

        is_whole = ops.logical_or(ends, is_last)
        is_whole = ops.logical_and(is_whole, ops.arange(2 * each) < each)
        is_whole = ops.logical_and(is_whole, loop["open"][:, group, None])
        is_whole = ops.logical_and(is_whole, sums > NEVER / 2)
        owed = ops.take_along_axis(owed, parents, axis=1)
        scores = ops.where(is_whole, self._score(sums, count, owed), NO_TEXT)
        pool = ops.concatenate([loop["ended_scores"][:, part], scores], axis=1)
        best, kept = top_k(pool, each)
        own = ops.reshape(loop["history"], (prompts, -1, loop["history"].shape[-1]))
        texts = ops.take_along_axis(own, parents[:, :, None], axis=1)
        texts = ops.concatenate([texts[:, :, 1:], ids[:, :, None]], axis=2)
        texts = ops.concatenate([loop["ended"][:, part], texts], axis=1)
        counts = ops.concatenate(
            [loop["ended_counts"][:, part], ops.tile(count, (1, 2 * each))], axis=1
        )

        going = ops.where(ends, NEVER + sums, sums)
        sums, order = top_k(going, each)
        owed = ops.take_along_axis(owed, order, axis=1)
        return _Group(
            ids=ops.take_along_axis(ids, order, axis=1),
            parents=ops.take_along_axis(parents, order, axis=1),
            sums=sums,
            scores=best,
            ended=ops.take_along_axis(texts, kept[:, :, None], axis=1),
            ended_counts=ops.take_along_axis(counts, kept, axis=1),
            open=ops.logical_and(
                loop["open"][:, group, None],
                self._open(loop, sums, owed, best, count, is_last),
            ),
        )

    def _open(
        self,
        loop: Loop,
        sums: Tensor,
        owed: Tensor,
        best: Tensor,
        count: Tensor,
        is_last: Tensor,
    ) -> Tensor:
        """Whether a group goes on: bool, (B, 1)."""
        worst = ops.min(best, axis=1, keepdims=True)
        full = worst > NO_TEXT
        if self.stop == "full":
            better = ops.logical_not(full)
        else:
            length = count
            if self.stop == "best":
                limits = loop["limits"][:, None]
                length = ops.where(self.length_penalty > 0, limits, count)
                owed = ops.zeros_like(owed)
            hope = ops.max(self._score(sums, length, owed), axis=1, keepdims=True)
            better = ops.logical_or(ops.logical_not(full), hope > worst)
        going = ops.logical_and(better, sums[:, :1] > NEVER / 2)
        return ops.logical_and(going, ops.logical_not(is_last))

    def _score(self, sums: Tensor, length: Tensor, owed: Tensor) -> Tensor:
        """What texts of this length are worth; finite, whatever the penalties."""
        scale = ops.cast(length, "float32") ** self.length_penalty
        scale = ops.maximum(scale, LEAST_FLOAT)  # not 0, where the penalty is far below
        return ops.maximum(sums / scale + owed, -MOST_FLOAT)


def _attention_of(state: Any) -> tuple[Any, Tensor]:
    """A step's state without it, and what it looked at, (N, S) float32."""
    state = dict(state)
    return state, ops.cast(state.pop("attention"), "float32")


def _fault_of_prompts(loop: Loop, faults: Tensor) -> Tensor:
    """What is wrong with the beams that live: int32, (B,).

    A beam that nothing may go on with dies; that is a fault if none is left, and no
    text is whole.
    """
    lives = loop["sums"] > NEVER / 2
    faults = ops.reshape(faults, lives.shape)
    broken = ops.any(ops.logical_and(lives, faults == NOT_FINITE), axis=1)
    goes_on = ops.any(ops.logical_and(lives, faults == FINE), axis=1)
    has_text = ops.any(loop["ended_scores"] > NO_TEXT, axis=1)
    stuck = ops.where(ops.logical_or(goes_on, has_text), FINE, NOTHING_ALLOWED)
    return ops.cast(ops.where(broken, NOT_FINITE, stuck), "int32")


@dataclasses.dataclass(frozen=True)
class _Group:
    """What one group of beams chose; k beams, L columns.

    Attributes:
        ids, parents, sums: of the beams that go on, (B, k).
        scores, ended, ended_counts: of the whole texts, (B, k), (B, k, L), (B, k).
        open: bool, (B, 1).
    """

    ids: Tensor
    parents: Tensor
    sums: Tensor
    scores: Tensor
    ended: Tensor
    ended_counts: Tensor
    open: Tensor
