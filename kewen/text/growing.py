"""Text that grows token by token, in pieces that never have to be taken back.

A token may be half a character, and a stop string may begin in one token and end in
another: such an end of the text waits until it is known what it becomes. Half a
character that nothing follows, where a limit cuts it, is no part of the text.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from kewen.errors import ConfigError
from kewen.text.byte_fallback import HALF
from kewen.text.tokenizer import Tokenizer


class GrowingText:
    """Pieces of the text of ids that come one after another.

    Args:
        tokenizer: decodes them.
        stop: strings that end the text; it ends before the first that is complete.
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
        """The last piece: what may not become a stop string now, and the last ids."""
        self.ids.extend(int(number) for number in ids)
        return self._piece(last=True)

    def _piece(self, last: bool) -> str:
        if self.stopped:
            return ""
        text = self._tokenizer.decode([n for n in self.ids if n not in self.ends])
        text = text.rstrip(HALF)
        found = [(text.find(stop), len(stop)) for stop in self._stop]
        # The first to end: tokens that come one by one have shown no other.
        places = [(start + size, start) for start, size in found if start >= 0]
        if places:
            self.stopped = True
            text = text[: min(places)[1]]
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
    given: Any = [stop] if isinstance(stop, str) else stop
    several: list[Any] | None = None
    if isinstance(given, list | tuple | set | frozenset):
        several = list(cast("Iterable[Any]", given))
    if several is None or not all(isinstance(each, str) and each for each in several):
        raise ConfigError(
            "stop must be a string or a list of strings, of at least one character "
            f"each: every text has the empty one in it. Received: {given!r}."
        )
    return tuple(several)
