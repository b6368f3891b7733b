"""What a chain did, step by step, and how a reader may follow it."""

import dataclasses
from collections.abc import Callable, Iterator

from kewen.decoding.mcmc.editable import Editable, Move


@dataclasses.dataclass(frozen=True)
class Event:
    """One step of a chain.

    Attributes:
        move: that was tried; None if there was nothing to move.
        log_acceptance: log of the chance that it is accepted, at most 0.
        accepted: whether it was.
        text: after the step.
        weight: log rho of that text.
    """

    move: Move | None
    log_acceptance: float
    accepted: bool
    text: Editable
    weight: float

    def told(self, name_of: Callable[[int], str] = str) -> str:
        """The step in a line, tokens by their names."""
        if self.move is None:
            return "nothing to move"
        tokens = [
            name_of(token)
            for token in (self.move.old, self.move.new)
            if token is not None
        ]
        return (
            f"{self.move.kind:7} at {self.move.position}: {' -> '.join(tokens)}  "
            f"log acceptance {self.log_acceptance:.2f}, "
            f"{'accepted' if self.accepted else 'rejected'}"
        )


@dataclasses.dataclass(frozen=True)
class Chain:
    """A run from one start.

    Attributes:
        start: its first text.
        start_weight: log rho of that.
        events: one a step.
    """

    start: Editable
    start_weight: float
    events: list[Event]

    @property
    def text(self) -> Editable:
        """Where it is now: a draw from the target, if it ran for long enough."""
        return self.events[-1].text if self.events else self.start

    @property
    def best(self) -> Editable:
        """The text of the highest weight that it was at, the latest of equals."""
        weight, text = self.start_weight, self.start
        for event in self.events:
            if event.weight >= weight:
                weight, text = event.weight, event.text
        return text

    @property
    def acceptance_rate(self) -> float:
        """The share of steps that were accepted; 0 of none."""
        accepted = sum(event.accepted for event in self.events)
        return accepted / max(len(self.events), 1)

    def story(self, name_of: Callable[[int], str] = str) -> Iterator[str]:
        """A line for each step: what was tried, what became of it, the text since."""
        for number, event in enumerate(self.events, 1):
            text = " ".join(map(name_of, event.text.ids))
            weight = f"log weight {event.weight:.2f}"
            yield f"{number:5} {event.told(name_of)}  {weight}: {text}"
