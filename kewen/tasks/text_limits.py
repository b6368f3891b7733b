"""What ends a text, that only a text knows: strings, a function, the clock."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from kewen.decoding.rules.checks import above
from kewen.errors import ConfigError
from kewen.tasks.generation_options import GenerationOptions
from kewen.text import GrowingText, checked_stop


@dataclasses.dataclass(frozen=True)
class Limits:
    """What ends a text besides its tokens."""

    stop: tuple[str, ...]
    until: Any
    deadline: float | None
    ignore_end: bool

    @property
    def needed(self) -> bool:
        """Whether there is any."""
        return bool(self.stop) or self.until is not None or self.deadline is not None

    def is_late(self) -> bool:
        """Whether the time is over."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def grow(self, growing: GrowingText, ids: np.ndarray) -> tuple[str, bool]:
        """Let a text grow to these ids.

        `until` is asked after each token, however many come at once; those after the
        one that ends the text are left out.

        Returns:
            The next piece, and whether a stop string or `until` ends the text.
        """
        new = ids[len(growing.ids) :]
        if self.until is None:
            return growing.add(new), growing.stopped
        piece = ""
        for each in new:
            piece += growing.add([each])
            if growing.stopped or self.until(growing.text):
                return piece, True
        return piece, False


def apart(options: Mapping[str, Any]) -> tuple[GenerationOptions, Limits]:
    """Options of decoding, and limits that only a text knows.

    Raises:
        ConfigError: names the option that cannot be.
    """
    known = dict(options)
    stop = known.pop("stop", None)
    stop = checked_stop(() if stop is None else stop)
    until = known.pop("until", None)
    if until is not None and not callable(until):
        raise ConfigError(
            "until must be a function of the text so far. Received: "
            f"{until!r}. Strings that end a text are given as stop."
        )
    seconds = known.pop("max_time_s", None)
    if seconds is not None:
        above("max_time_s", seconds, 0)
    deadline = None if seconds is None else time.monotonic() + seconds
    chosen = GenerationOptions.of(known)
    return chosen, Limits(stop, until, deadline, chosen.ignore_end)
