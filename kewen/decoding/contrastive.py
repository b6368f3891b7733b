"""Contrastive search: a likely token that is unlike all that was said."""

import dataclasses
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.rules.rule import Rule
from kewen.decoding.step import Step, shifted
from kewen.decoding.strategy import (
    FINE,
    NOTHING,
    Generated,
    Loop,
    Strategy,
    fault_of,
    is_one_of,
    texts_of,
    top_k,
)
from kewen.errors import ConfigError

Tensor = Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrastive(Strategy):
    """Of the k likeliest tokens the one with the highest

        (1 - alpha) * probability - alpha * similarity,

    similarity being the greatest cosine between the model's last hidden state at the
    token and at any one before it. The k tokens are read side by side, as beams that
    have one past; the hidden states of the one that is chosen are there already.

    Attributes:
        candidates: k.
        alpha: from 0, which is greedy search, to 1.
        rules: change the scores before candidates are taken.
        end_ids: int, tokens that end a text; None if none does.

    Source: Su et al., 2022 (arXiv 2202.06417), section 3.2. Their model is the softmax
    of the ruled scores, as in transformers.
    """  # noqa: D415

    candidates: int
    alpha: float
    rules: tuple[Rule, ...] = ()
    end_ids: Any = None

    NUMBERS: ClassVar = {"alpha": "float32", "end_ids": "int32"}

    def step_of(self, step: Step) -> Step:
        """As `Strategy.step_of`: one that shows hidden states."""
        return step.showing()

    def start(self, step: Step, logits: Tensor, state: Any, loop: Loop) -> Loop:
        """As `Strategy.start`.

        Raises:
            ConfigError: if there are more candidates than ids.
        """
        rows, size = logits.shape
        if not 1 <= self.candidates <= size:
            raise ConfigError(
                f"Candidates must be 1 to {size}, as many as there are ids. Received: "
                f"{self.candidates}."
            )
        state = dict(state)
        hidden = _directions(state.pop("hidden"))
        columns = loop["history"].shape[1]
        room = ((0, 0), (max(columns - hidden.shape[1], 0), 0), (0, 0))
        none = ops.zeros((rows,), "int32")
        loop = loop | {
            "step": step.spread(state, self.candidates),
            "hidden": ops.pad(hidden, room)[:, -columns:],
            "counts": none,
            "done": ops.zeros((rows,), "bool"),
            "scores": ops.zeros((rows,), "float32"),
            "faults": none,
            "rules": self.rule_states(rows),
        }
        return self.grow(step, self._with_candidates(logits, loop))

    def grow(self, step: Step, loop: Loop) -> Loop:
        """As `Strategy.grow`."""
        rows, count = loop["ids"].shape
        logits, state = step(ops.reshape(loop["ids"], (-1,)), loop["step"])
        state = dict(state)
        hidden = _directions(ops.reshape(state.pop("hidden"), (rows, count, -1)))
        cosines = ops.matmul(hidden, ops.transpose(loop["hidden"], (0, 2, 1)))
        is_token = (loop["history"] != NOTHING)[:, None]
        similar: Any = ops.max(ops.where(is_token, cosines, -1.0), axis=-1)
        worth = (1 - self.alpha) * loop["chances"] - self.alpha * similar
        worth = ops.where(loop["chances"] > 0, worth, -float("inf"))  # not the banned
        best = ops.cast(ops.argmax(worth, axis=-1), "int32")[:, None]

        ids = ops.take_along_axis(loop["ids"], best, axis=1)[:, 0]
        own = ops.take_along_axis(loop["log_chances"], best, axis=1)[:, 0]
        newest = ops.take_along_axis(hidden, best[:, :, None], axis=1)
        logits = ops.reshape(logits, (rows, count, -1))
        logits = ops.take_along_axis(logits, best[:, :, None], axis=1)[:, 0]
        open_ = ops.logical_not(loop["done"])
        wide = open_[:, None]
        counts = loop["counts"] + ops.cast(open_, "int32")
        ended = ops.logical_or(is_one_of(ids, self.end_ids), counts >= loop["limits"])
        seen = ops.concatenate([loop["hidden"][:, 1:], newest], axis=1)
        loop = loop | {
            "step": step.reorder(state, ops.tile(best, (1, count))),
            "history": ops.where(wide, shifted(loop["history"], ids), loop["history"]),
            "hidden": ops.where(wide[:, :, None], seen, loop["hidden"]),
            "counts": counts,
            "scores": loop["scores"] + ops.where(open_, own, 0.0),
            "rules": self.followed(loop["rules"], ids),
            "done": ops.logical_or(loop["done"], ended),
        }
        return self._with_candidates(logits, loop)

    def results(self, loop: Loop) -> list[list[Generated]]:
        """As `Strategy.results`: one text a prompt."""
        return texts_of(loop)

    def _with_candidates(self, logits: Tensor, loop: Loop) -> Loop:
        """The loop with the tokens that may be next, where one may be."""
        raw = ops.cast(logits, "float32")
        ruled = self.ruled(raw, loop)
        chances, ids = top_k(ops.softmax(ruled, axis=-1), self.candidates)
        log_chances = ops.take_along_axis(ops.log_softmax(raw, axis=-1), ids, axis=1)
        fault = ops.where(loop["done"], FINE, fault_of(raw, ruled))
        return loop | {
            "ids": ids,
            "chances": chances,
            "log_chances": log_chances,
            "faults": ops.maximum(loop["faults"], fault),
            "done": ops.logical_or(loop["done"], fault != FINE),
        }


def _directions(hidden: Tensor) -> Tensor:
    """Hidden states divided by their lengths, float32."""
    return ops.normalize(ops.cast(hidden, "float32"), axis=-1, order=2)
