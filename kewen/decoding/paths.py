"""One path through the texts: the best token every time, or one drawn by chance."""

import dataclasses
from typing import Any, ClassVar

from keras import ops

from kewen.decoding.drawing import drawn
from kewen.decoding.rules.rule import Rule
from kewen.decoding.step import Step, shifted
from kewen.decoding.strategy import (
    FINE,
    Generated,
    Loop,
    Strategy,
    fault_of,
    is_one_of,
    texts_of,
)

Tensor = Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paths(Strategy):
    """Greedy search, or ancestral sampling.

    Attributes:
        rules: change the scores; those of sampling (temperature, top-k ...) as well.
        end_ids: int, tokens that end a text; None if none does.
        sample: whether tokens are drawn. Row n's c-th one is drawn by the number
            `uniforms[n, c]` of the loop alone, so no other row changes it.
    """

    rules: tuple[Rule, ...] = ()
    end_ids: Any = None
    sample: bool = False

    NUMBERS: ClassVar = {"end_ids": "int32"}

    def start(self, step: Step, logits: Tensor, state: Any, loop: Loop) -> Loop:
        """As `Strategy.start`."""
        rows = logits.shape[0]
        none = ops.zeros((rows,), "int32")
        return self._chosen(
            logits,
            loop
            | {
                "step": state,
                "counts": none,
                "done": ops.zeros((rows,), "bool"),
                "scores": ops.zeros((rows,), "float32"),
                "faults": none,
                "rules": self.rule_states(rows),
            },
        )

    def grow(self, step: Step, loop: Loop) -> Loop:
        """As `Strategy.grow`."""
        logits, state = step(loop["history"][:, -1], loop["step"])
        return self._chosen(logits, loop | {"step": state})

    def results(self, loop: Loop) -> list[list[Generated]]:
        """As `Strategy.results`: one text a prompt."""
        return texts_of(loop)

    def _chosen(self, logits: Tensor, loop: Loop) -> Loop:
        raw = ops.cast(logits, "float32")
        ruled = self.ruled(raw, loop)
        if self.sample:
            at = ops.minimum(loop["counts"], loop["uniforms"].shape[1] - 1)
            luck = ops.take_along_axis(loop["uniforms"], at[:, None], axis=1)[:, 0]
            ids = drawn(ruled, luck)
        else:
            ids = ops.cast(ops.argmax(ruled, axis=-1), "int32")
        own = ops.take_along_axis(raw, ids[:, None], axis=1)[:, 0]
        score = own - ops.logsumexp(raw, axis=-1)
        open_ = ops.logical_not(loop["done"])
        counts = loop["counts"] + ops.cast(open_, "int32")
        ended = ops.logical_or(is_one_of(ids, self.end_ids), counts >= loop["limits"])
        fault = ops.where(open_, fault_of(raw, ruled), FINE)
        return loop | {
            "history": ops.where(
                open_[:, None], shifted(loop["history"], ids), loop["history"]
            ),
            "counts": counts,
            "scores": loop["scores"] + ops.where(open_, score, 0.0),
            "faults": ops.maximum(loop["faults"], fault),
            "rules": self.followed(loop["rules"], ids),
            "done": ops.logical_or(ops.logical_or(loop["done"], ended), fault != FINE),
        }
