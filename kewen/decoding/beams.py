"""Beam search: several paths at once, and those that end best."""

import dataclasses
from typing import Any, ClassVar

from keras import ops

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
NEVER = -1e9  # the score of what is out; a real sum of log-probabilities is above


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

    Attributes:
        num_beams: K.
        num_results: how many texts a prompt is given, at most K; all K if None.
        length_penalty: above 0 favours long texts, below 0 short ones.
        stop: "bound", "full" or "best".
        groups: of which K is a multiple.
        diversity: what a repetition among groups costs.
        rules: change the log-probabilities before they are added up.
        end_ids: int, tokens that end a text; None if none does.

    Source: length penalty and batches as in transformers; groups: Vijayakumar et al.,
    2018 (arXiv 1610.02424), section 3.
    """

    num_beams: int
    num_results: int | None = None
    length_penalty: float = 1.0
    stop: str = "bound"
    groups: int = 1
    diversity: float = 0.0
    rules: tuple[Rule, ...] = ()
    end_ids: Any = None

    NUMBERS: ClassVar = {
        "length_penalty": "float32",
        "diversity": "float32",
        "end_ids": "int32",
    }

    def check(self, vocabulary_size: int) -> None:
        """Refuse what cannot be.

        Raises:
            ConfigError: if there are too few or too many beams, results or groups.
        """
        most = vocabulary_size // 2
        if not 1 <= self.num_beams <= most:
            raise ConfigError(
                "num_beams must be at least 1, and twice as many continuations must "
                f"exist: at most {most} with {vocabulary_size} ids. Received: "
                f"{self.num_beams}."
            )
        if self.num_results is not None and not 1 <= self.num_results <= self.num_beams:
            raise ConfigError(
                f"num_results must be 1 to num_beams. Received: {self.num_results} of "
                f"{self.num_beams} beams."
            )
        if self.groups < 1 or self.num_beams % self.groups:
            raise ConfigError(
                "num_beams must be a multiple of groups. Received: "
                f"{self.num_beams} beams in {self.groups} groups."
            )
        if self.stop not in ("bound", "full", "best"):
            raise ConfigError(
                f"stop must be 'bound', 'full' or 'best'. Received: {self.stop!r}."
            )

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
                "ended_scores": ops.full((prompts, beams), NEVER, "float32"),
                "open": ops.ones((prompts, self.groups), "bool"),
            },
        )

    def grow(self, step: Step, loop: Loop) -> Loop:
        """As `Strategy.grow`."""
        logits, state = step(loop["history"][:, -1], loop["step"])
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
                    if row[beam] > NEVER / 2
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
        each = beams // self.groups
        used = ops.zeros((prompts, 1, size), "float32")
        chosen: list[_Group] = []
        for group in range(self.groups):
            part = slice(group * each, (group + 1) * each)
            here = gains[:, part] - self.diversity * used
            found = self._group(loop, here, part, group)
            chosen.append(found)
            if group + 1 < self.groups:
                marks = ops.one_hot(found.ids, size, dtype="float32")
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

    def _group(self, loop: Loop, gains: Tensor, part: slice, group: int) -> "_Group":
        prompts, each, size = gains.shape
        count = ops.reshape(loop["counts"], (prompts, -1))[:, :1] + 1  # with this token
        is_last = count >= loop["limits"][:, None]
        totals = loop["sums"][:, part, None] + gains
        totals = ops.maximum(totals, 2 * NEVER)  # of what is forbidden, -inf before
        sums, places = top_k(ops.reshape(totals, (prompts, -1)), 2 * each)
        ids, parents = places % size, places // size + part.start
        ends = ops.logical_or(is_one_of(ids, self.end_ids), is_last)

        before = ops.cast(count, "float32") ** self.length_penalty
        is_whole = ops.logical_and(ends, ops.arange(2 * each) < each)
        is_whole = ops.logical_and(is_whole, loop["open"][:, group, None])
        is_whole = ops.logical_and(is_whole, sums > NEVER / 2)
        scores = ops.where(is_whole, sums / before, NEVER)
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
        return _Group(
            ids=ops.take_along_axis(ids, order, axis=1),
            parents=ops.take_along_axis(parents, order, axis=1),
            sums=sums,
            scores=best,
            ended=ops.take_along_axis(texts, kept[:, :, None], axis=1),
            ended_counts=ops.take_along_axis(counts, kept, axis=1),
            open=ops.logical_and(
                loop["open"][:, group, None],
                self._open(loop, sums[:, :1], best, count, is_last),
            ),
        )

    def _open(
        self,
        loop: Loop,
        likeliest: Tensor,
        best: Tensor,
        count: Tensor,
        is_last: Tensor,
    ) -> Tensor:
        """Whether a group goes on: bool, (B, 1)."""
        worst = ops.min(best, axis=1, keepdims=True)
        full = worst > NEVER / 2
        if self.stop == "full":
            better = ops.logical_not(full)
        else:
            length = count
            if self.stop == "best":
                limits = loop["limits"][:, None]
                length = ops.where(self.length_penalty > 0, limits, count)
            hope = likeliest / ops.cast(length, "float32") ** self.length_penalty
            better = ops.logical_or(ops.logical_not(full), hope > worst)
        going = ops.logical_and(better, likeliest > NEVER / 2)
        return ops.logical_and(going, ops.logical_not(is_last))


def _fault_of_prompts(loop: Loop, faults: Tensor) -> Tensor:
    """What is wrong with the beams that live: int32, (B,).

    A beam that nothing may go on with dies; that is a fault if none is left, and no
    text is whole.
    """
    lives = loop["sums"] > NEVER / 2
    faults = ops.reshape(faults, lives.shape)
    broken = ops.any(ops.logical_and(lives, faults == NOT_FINITE), axis=1)
    goes_on = ops.any(ops.logical_and(lives, faults == FINE), axis=1)
    has_text = ops.any(loop["ended_scores"] > NEVER / 2, axis=1)
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
