"""Text that grows token by token, in pieces that never have to be taken back.

A token may be half a character, and a stop string may begin in one token and end in
another: such an end of the text waits until it is known what it becomes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from kewen.errors import ConfigError
from kewen.text.tokenizer import Tokenizer

HALF = (
    "\N{REPLACEMENT CHARACTER}"  # what decoders write for bytes that are no character
)


class GrowingText:
    """Pieces of the text of ids that come one after another.

    Args:
        tokenizer: decodes them.
        stop: strings that end the text; it ends before the first of them.
        ends: ids that end it, and are no part of it.

    Attributes:
        ids: all that came.
        ends: as given.
        text: what has been handed out, all pieces together.
        stopped: whether a stop string has come. Later ids change nothing.

    Raises:
        ConfigError: if a stop string is empty.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        stop: str | Sequence[str] = (),
        ends: Iterable[int] = (),
    ) -> None:
        self._tokenizer = tokenizer
        self.ends = frozenset(ends)
        self._stop = checked_stop(stop)
        self.ids: list[int] = []
        self.text = ""
        self.stopped = False

    def add(self, ids: Iterable[int]) -> str:
        """The next piece, which may be empty."""
        self.ids.extend(int(number) for number in ids)
        return self._piece(last=False)

    def finish(self, ids: Iterable[int] = ()) -> str:
        """The last piece: what was waiting, and the last ids."""
        self.ids.extend(int(number) for number in ids)
        return self._piece(last=True)

    def _piece(self, last: bool) -> str:
        if self.stopped:
            return ""
        text = self._tokenizer.decode([n for n in self.ids if n not in self.ends])
        text = text if last else text.rstrip(HALF)
        found = [text.find(stop) for stop in self._stop]
        places = [place for place in found if place >= 0]
        if places:
            self.stopped = True
            text = text[: min(places)]
        elif not last:
            text = text[: len(text) - self._begun(text)]
        piece = text[len(self.text) :]
        self.text += piece
        return piece

    def _begun(self, text: str) -> int:
        """How many characters at the end may be the beginning of a stop string."""
        return max(
            (
                count
                for stop in self._stop
                for count in range(1, len(stop))
                if text.endswith(stop[:count])
            ),
            default=0,
        )


def checked_stop(stop: str | Sequence[str]) -> tuple[str, ...]:
    """Stop strings as a tuple.

    Raises:
        ConfigError: if one is empty, or is no string.
    """
    given: Any = (stop,) if isinstance(stop, str) else stop
    stops = tuple(given)
    if not all(isinstance(each, str) and each for each in stops):
        raise ConfigError(
            "A stop string needs at least one character: every text has the empty one "
            f"in it. Received: {stops!r}."
        )
    return stops
