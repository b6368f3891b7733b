"""Texts whose length is known, and what may stand at each place of them."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
from keras import ops

from kewen.decoding.rules.occurrences import occurrences
from kewen.decoding.rules.rule import FORBIDDEN, Rule, Text
from kewen.errors import ConfigError

Tensor = Any
ANY, NEW_PAIR, NEW = range(3)


@dataclasses.dataclass(frozen=True)
class Places(Rule):
    """The n-th token that is generated is one of the n-th place's.

    A place may ask for novelty too: with `NEW_PAIR` the token and the one before it
    have not stood together, with `NEW` the token has not stood at such a place either.
    Of tokens that the place allows, at least one always stays: if none is new, all do.

    Attributes:
        sets: bool, (S, V): which tokens a set holds; each at least one.
        places: int32, (P,): the set of each place; the last one is that of all places
            behind it.
        novelty: int32, (P,): `ANY`, `NEW_PAIR` or `NEW`.
    """

    sets: Any
    places: Any
    novelty: Any

    NUMBERS: ClassVar = {"sets": "bool", "places": "int32", "novelty": "int32"}

    def __post_init__(self) -> None:
        sets = np.asarray(self.sets, bool)
        places = np.asarray(self.places, "int32")
        novelty = np.asarray(self.novelty, "int32")
        if sets.ndim != 2 or not sets.any(axis=-1).all():
            raise ConfigError(
                "sets must be bool, (S, V), with a token in each. Received: "
                f"{sets.shape}, {int((~sets.any(axis=-1)).sum())} of them empty."
            )
        fits = places.ndim == 1 and len(places) and novelty.shape == places.shape
        if not fits or places.min() < 0 or places.max() >= len(sets):
            raise ConfigError(
                "places must be numbers of sets, (P,), and novelty as long. Received: "
                f"places {places.tolist()} of {len(sets)} sets, novelty "
                f"{novelty.shape}."
            )
        for name, value in (("sets", sets), ("places", places), ("novelty", novelty)):
            object.__setattr__(self, name, value)

    def __call__(self, logits: Tensor, text: Text) -> Tensor:
        """As `Rule`."""
        last, columns = self.places.shape[0] - 1, text.ids.shape[1]
        now = ops.minimum(text.counts, last)
        allowed = ops.take(self.sets, ops.take(self.places, now), axis=0)
        wanted = ops.take(self.novelty, now)[:, None]
        # Which place each token of the row stands at; those of the prompt are before 0.
        first = columns - text.counts[:, None]
        place = ops.arange(columns, dtype="int32")[None] - first
        asked = ops.take(self.novelty, ops.clip(place, 0, last))
        is_own = text.is_generated()
        stood = ops.logical_and(ops.logical_and(is_own, asked == NEW), wanted == NEW)
        newest = text.ids[:, -1:]
        pairs = ops.logical_and(text.ids[:, :-1] == newest, is_own[:, :-1])
        pairs = ops.logical_and(pairs, wanted != ANY)
        old = ops.concatenate([text.ids[:, 1:], text.ids], axis=1)
        counted = ops.concatenate([pairs, stood], axis=1)
        is_old = occurrences(old, counted, logits.shape[-1]) > 0
        new = ops.logical_and(allowed, ops.logical_not(is_old))
        allowed = ops.where(ops.any(new, axis=-1, keepdims=True), new, allowed)
        return ops.where(allowed, logits, FORBIDDEN)
