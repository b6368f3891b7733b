"""Gibbs sampling by a masked language model: hide a token, draw it anew, always."""

from collections.abc import Sequence

import numpy as np

from kewen.decoding.mcmc.chain import Event
from kewen.decoding.mcmc.editable import REPLACE, Editable, Move
from kewen.decoding.mcmc.metropolis import NO_CONTEXT, drawn_token
from kewen.decoding.mcmc.proposals import Proposal
from kewen.decoding.mcmc.reading import log_softmax

Array = np.ndarray


class Gibbs:
    """Replaces a free token, chosen evenly, by one from the law of its place.

    Where the laws are the conditionals of one joint law, that one is drawn from. Those
    of a masked language model are not of any: what its chains draw from is known by
    running them alone. Texts keep their lengths; start from a text, or from masks.

    Args:
        proposal: the law of each place, usually `by_masked_model`.

    Source: Wang and Cho, 2019 (arXiv 1902.04094); lesson 8119.
    """

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal

    def weigh(self, texts: Sequence[Editable]) -> Array:
        """Zeros, (N,): there is no target."""
        return np.zeros(len(texts))

    def step(
        self,
        texts: Sequence[Editable],
        weights: Array,
        luck: Array,
        temperature: float = 1.0,
    ) -> list[Event]:
        """One step of N chains.

        Args:
            texts: where they are.
            weights: not used.
            luck: float64, (N, 4), from [0, 1); of each row the second number is for the
                place and the third for the token.
            temperature: T: laws are raised to 1 / T; at 0 the best token is taken.
        """
        places = [
            text.free[int(row[1] * len(text.free))] if text.free else None
            for text, row in zip(texts, luck, strict=True)
        ]
        contexts = [
            NO_CONTEXT if place is None else text.around(REPLACE, place)
            for text, place in zip(texts, places, strict=True)
        ]
        events = []
        for n, law in enumerate(self._proposal(contexts)):
            move, text = None, texts[n]
            place = places[n]
            token = None if place is None else _token(law, luck[n, 2], temperature)
            if place is not None and token is not None:
                move = Move(REPLACE, place, text.ids[place], token)
                text = text.edited(move)
            log_a = 0.0 if move else -np.inf
            events.append(Event(move, log_a, move is not None, text, 0.0))
        return events


def _token(law: Array, luck: float, temperature: float) -> int | None:
    if temperature > 0:
        return drawn_token(log_softmax(law / temperature), luck)
    return int(law.argmax()) if law.max() > -np.inf else None
