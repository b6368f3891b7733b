"""Metropolis-Hastings over texts: insert, delete or replace a token, or stay.

move -> context -> law of the hole -> token -> target -> accepted or not

The ratios are those of the moves, with the choice of their place: a text with m frozen
words and F free tokens has F + m + 1 slots, so that the chances of choosing a slot and
of choosing the token that then stands there differ by more than the 1 that cancels
where no word is frozen.
"""

from collections.abc import Sequence

import numpy as np

from kewen.decoding.mcmc.chain import Event
from kewen.decoding.mcmc.editable import (
    DELETE,
    INSERT,
    REPLACE,
    Context,
    Editable,
    Ids,
    Move,
)
from kewen.decoding.mcmc.proposals import Proposal
from kewen.decoding.mcmc.target import Target, Term
from kewen.decoding.rules.checks import is_finite
from kewen.errors import ConfigError, DataError

Array = np.ndarray
NO_CONTEXT: Context = ((), ())  # keeps the batch's size where a chain has no move


class MetropolisHastings:
    """The kernel of CGMH, exact: its law is the target's, whatever the proposal is.

    A text counts once, in however many ways its frozen words can be read in it; so all
    of these must be reached, which neither `top_k` without `uniform` nor a target that
    refuses all lengths but one ensures, unless `replace` is 1. At a temperature T the
    law is that of rho ** (1 / T).

    Args:
        target: `Target`, or any function of N texts to log rho, (N,).
        proposal: `Proposal`, or any function of N contexts to log laws, (N, V).
        insert, delete, replace: how often each move is tried; they sum up to 1. With
            `replace=1.0` alone a text keeps its length, and frozen words their places.

    Raises:
        ConfigError: if these are no shares, or insert or delete has no way back.

    Source: Miao et al., 2019 (arXiv 1811.10996); lesson 8194, whose ratios leave out
    the choice of the place, and whose candidates differ on the way back.
    """

    def __init__(
        self,
        target: Term,
        proposal: Proposal,
        *,
        insert: float = 1 / 3,
        delete: float = 1 / 3,
        replace: float = 1 / 3,
    ) -> None:
        self._shares = {INSERT: insert, DELETE: delete, REPLACE: replace}
        for name, share in self._shares.items():
            is_finite(name, share)
        shares = np.array([insert, delete, replace])
        one_way = (insert > 0) != (delete > 0)
        if (shares < 0).any() or abs(shares.sum() - 1) > 1e-9 or one_way:
            raise ConfigError(
                "insert, delete and replace must be shares that sum up to 1, the first "
                "two both above 0 or both 0: what comes must be able to go. Received: "
                f"{insert}, {delete}, {replace}."
            )
        self._target = target if isinstance(target, Target) else Target(target)
        self._proposal = proposal

    def weigh(self, texts: Sequence[Editable]) -> Array:
        """Log rho of each text, float64 (N,)."""
        return self._target([text.ids for text in texts])

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
            weights: log rho of these, (N,), above -inf.
            luck: float64, (N, 4), from [0, 1): for move, place, token and verdict.
            temperature: T; 0 is hill climbing: only what is no worse is accepted.
        """
        choices = [
            self._choice(text, *row[:2]) for text, row in zip(texts, luck, strict=True)
        ]
        contexts = [
            text.around(*choice) if choice else NO_CONTEXT
            for text, choice in zip(texts, choices, strict=True)
        ]
        laws = self._proposal(contexts)
        moves = [
            _move(text, choice, law, row[2])
            for text, choice, law, row in zip(texts, choices, laws, luck, strict=True)
        ]
        edited = [
            text.edited(move) if move else text
            for text, move in zip(texts, moves, strict=True)
        ]
        found = self.weigh(edited)
        events = []
        for n, move in enumerate(moves):
            log_a = -np.inf
            if move is not None:
                gain = found[n] - weights[n]
                log_a = self.log_acceptance(texts[n], move, laws[n], gain, temperature)
            accepted = bool(np.log1p(-luck[n, 3]) < log_a) or log_a == 0
            text, weight = (edited, found) if accepted else (texts, weights)
            events.append(Event(move, log_a, accepted, text[n], float(weight[n])))
        return events

    def log_acceptance(
        self,
        text: Editable,
        move: Move,
        law: Array,
        gain: float,
        temperature: float = 1.0,
    ) -> float:
        """The log of the chance that a move is accepted, at most 0.

        Args:
            text: before the move.
            move: of a positive chance.
            law: the log law in the move's hole, (V,).
            gain: log rho after the move less log rho before.
            temperature: T.
        """
        after = text.edited(move)
        ratio = self._log_chance(after, _undone(move), law)
        ratio -= self._log_chance(text, move, law)
        if self._shares[INSERT]:
            ratio += np.log(text.placements / after.placements)
        if -np.inf in (gain, ratio):
            return -np.inf
        if temperature > 0:
            gain /= temperature
        elif gain:
            return 0.0 if gain > 0 else -np.inf
        return float(min(0.0, gain + ratio))

    def _choice(
        self, text: Editable, first: float, second: float
    ) -> tuple[str, int] | None:
        """A kind of move and its place; None if there is no such place."""
        borders = np.cumsum(list(self._shares.values()))[:-1]
        kind = (INSERT, DELETE, REPLACE)[np.searchsorted(borders, first, side="right")]
        places = _places(text, kind)
        return (kind, places[int(second * len(places))]) if places else None

    def _log_chance(self, text: Editable, move: Move, law: Array) -> float:
        """The log of the chance that this move is tried at this text."""
        chance = np.log(self._shares[move.kind] / len(_places(text, move.kind)))
        if move.new is None:
            return chance
        if not 0 <= move.new < len(law):
            raise DataError(
                "A text must be made of ids that the proposal knows, from 0 to "
                f"{len(law) - 1}. Received: {move.new}."
            )
        return chance + law[move.new]


def drawn_token(law: Array, luck: float) -> int | None:
    """A token by its log law, (V,), and one number from [0, 1); None if it has none."""
    sums = np.cumsum(np.exp(law))
    if not sums[-1]:
        return None
    possible = np.flatnonzero(law > -np.inf)  # rounding must not reach beyond the last
    place = np.searchsorted(sums, luck * sums[-1], side="right")
    return int(min(place, possible[-1]))


def _places(text: Editable, kind: str) -> Ids:
    return text.slots if kind == INSERT else text.free


def _move(
    text: Editable, choice: tuple[str, int] | None, law: Array, luck: float
) -> Move | None:
    if choice is None:
        return None
    kind, position = choice
    old = None if kind == INSERT else text.ids[position]
    if kind == DELETE:
        return Move(kind, position, old)
    new = drawn_token(law, luck)
    return None if new is None else Move(kind, position, old, new)


def _undone(move: Move) -> Move:
    kinds: dict[str, str] = {INSERT: DELETE, DELETE: INSERT}
    return Move(kinds.get(move.kind, REPLACE), move.position, move.new, move.old)


def check_possible(weights: Array) -> None:
    """Refuse a start that the target forbids.

    Raises:
        DataError: names the start.
    """
    (forbidden,) = np.nonzero(weights == -np.inf)
    if len(forbidden):
        raise DataError(
            "A chain must start at a text that its target allows. Received: a start "
            f"of weight 0, number {forbidden[0]}. Start from another text, or give the "
            "terms of the target a finite weight."
        )
