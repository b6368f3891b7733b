"""What ends a text, that only a text knows: strings, a function, the clock."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

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

    def reached(self, text: str) -> bool:
        """Whether the clock or the function ends this text."""
        return self.is_late() or (self.until is not None and bool(self.until(text)))

    def reason(self, grown: GrowingText, late: bool) -> str | None:
        """Why a text ends here, if it does; see `GeneratedText.finish`."""
        if grown.stopped or (self.until is not None and self.until(grown.text)):
            return "stop"
        return "time" if late else None


def apart(options: Mapping[str, Any]) -> tuple[GenerationOptions, Limits]:
    """Options of decoding, and limits that only a text knows."""
    known = dict(options)
    stop = checked_stop(known.pop("stop", ()))
    until = known.pop("until", None)
    seconds = known.pop("max_time_s", None)
    if seconds is not None and not seconds > 0:
        raise ConfigError(f"max_time_s must be more than 0. Received: {seconds!r}.")
    deadline = None if seconds is None else time.monotonic() + seconds
    chosen = GenerationOptions.of(known)
    return chosen, Limits(stop, until, deadline, chosen.ignore_end)
