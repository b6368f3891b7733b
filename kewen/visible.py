"""Text from files, made harmless for a terminal."""

import re

# Control characters, and those that turn the direction of what follows them.
_INVISIBLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""The text with control characters spelled out, `\x1b` for an escape.

    A tensor's name or a label from a stranger could else colour, move or erase what a
    terminal shows. Line breaks stay.
    """
    return _INVISIBLE.sub(
        lambda found: found[0].encode("unicode_escape").decode(), text
    )
