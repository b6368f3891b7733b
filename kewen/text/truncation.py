"""Which tokens of a text, or of a pair, stay when not all of them fit.

A `Cut` holds the two spans of tokens that make one row; `truncate` gives one of them,
`windows` as many as it takes to see every token.
"""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

from kewen.errors import ConfigError

Truncation = Literal["longest_first", "only_first", "only_second"]
Side = Literal["right", "left"]
TruncateFrom = Side | int  # an int: so many tokens stay at the start, the cut is behind
Spans = tuple[slice, ...]


@dataclass(frozen=True)
class Cut:
    """What one row shows of its text and of its pair."""

    first: Spans
    second: Spans


@dataclass(frozen=True)
class Room:
    """How much fits in a row, checked against what must be in it.

    Raises:
        ConfigError: if an option is not one of its values, or if `max_length` does not
            even hold the special tokens.
    """

    max_length: int | None
    num_special: int
    truncation: Truncation = "longest_first"
    truncate_from: TruncateFrom = "right"

    def __post_init__(self) -> None:
        if self.truncation not in get_args(Truncation):
            raise ConfigError(
                f"truncation must be one of {get_args(Truncation)}. "
                f"Received: {self.truncation!r}."
            )
        kept = self.truncate_from
        if kept not in get_args(Side) and not (is_whole(kept) and int(kept) >= 0):
            raise ConfigError(
                f"truncate_from must be one of {get_args(Side)}, or how many tokens "
                f"to keep at the start. Received: {kept!r}."
            )
        longest = self.max_length
        if longest is not None and not (
            is_whole(longest) and longest >= self.num_special
        ):
            raise ConfigError(
                "max_length must be a whole number of tokens that holds the "
                f"{self.num_special} special tokens of a row. "
                f"Received: max_length={longest!r}."
            )

    @property
    def most_text(self) -> float:
        """Tokens of text that fit in a row; infinitely many without a `max_length`."""
        if self.max_length is None:
            return math.inf
        return self.max_length - self.num_special

    def budget(self, total: int) -> int:
        """How many of `total` tokens of text fit."""
        return int(min(total, self.most_text))


def truncate(num_first: int, num_second: int, room: Room) -> Cut:
    """Make n and m tokens fit.

    longest_first takes one token at a time from the longer part, from the first one
    when both are equally long (as bert4keras does; transformers differs by one token in
    that case). The other two take all from the part they name.

    Raises:
        ConfigError: if the part that must give way has not enough tokens.
    Example: 7 and 2 tokens in a row of 9 with 3 special ones: 4 and 2.
    """
    budget = room.budget(num_first + num_second)
    if room.truncation == "longest_first":
        kept_first = min(num_first, max(budget // 2, budget - num_second))
    elif room.truncation == "only_first":
        kept_first = budget - num_second
    else:
        kept_first = num_first
    kept_second = budget - kept_first
    if kept_first < 0 or kept_second < 0:
        raise ConfigError(
            f'truncation="{room.truncation}" must leave room for the other part. '
            f"Received: {num_first} and {num_second} tokens for {budget} places "
            f"(max_length={room.max_length}, {room.num_special} special tokens). Use "
            'a larger max_length or truncation="longest_first".'
        )
    return Cut(
        _ends_of(num_first, kept_first, room.truncate_from),
        _ends_of(num_second, kept_second, room.truncate_from),
    )


def windows(
    num_first: int, num_second: int | None, room: Room, stride: int
) -> list[Cut]:
    """Cover all tokens with rows that overlap.

    Args:
        num_first: n, tokens of the text.
        num_second: m, tokens of its pair; None without a pair.
        room: with a pair, its `truncation` names the part that the windows run over;
            the other part is whole in every row. From the left, the windows are counted
            from the end of the text, so that the short one is the first.
        stride: how many tokens two neighbours share.

    Returns:
        The rows in reading order, at least one.

    Raises:
        ConfigError: if the windows cannot move on, or nothing says over which part.
    Example: 5 tokens in windows of 3 that share 1: tokens 0-2 and 2-4.
    """
    if room.truncate_from not in get_args(Side):
        raise ConfigError(
            "stride shows every token, so nothing is cut behind a kept start: "
            f"truncate_from must be one of {get_args(Side)}. "
            f"Received: {room.truncate_from!r}."
        )
    paired = num_second is not None
    if paired and room.truncation == "longest_first":
        raise ConfigError(
            "stride with pairs must know which part its windows run over: truncation="
            '"only_first" or "only_second". Received: "longest_first".'
        )
    # One text alone is the part that the windows run over, whatever `truncation` says.
    over_second = paired and room.truncation == "only_second"
    parts = (num_first, num_second or 0)
    fixed, moving = parts if over_second else parts[::-1]
    width = room.budget(moving + fixed) - fixed
    if not is_whole(stride):
        raise ConfigError(
            "stride must be a whole number of tokens, those that neighbours share. "
            f"Received: stride={stride!r}."
        )
    if stride < 0 or (moving > width and stride >= width) or stride >= room.most_text:
        raise ConfigError(
            "stride must be at least 0 and less than the tokens that a window shows. "
            f"Received: stride={stride} for windows of {width} tokens "
            f"(max_length={room.max_length}, {room.num_special} special tokens, "
            f"{fixed} tokens of the other part)."
        )
    spans = _spans(moving, width, stride, room.truncate_from)
    whole = (slice(0, fixed),)
    return [
        Cut(whole, (span,)) if over_second else Cut((span,), whole) for span in spans
    ]


def is_whole(value: object) -> bool:
    """Whether it counts tokens: an integer, NumPy's as well, and no bool."""
    return not isinstance(value, bool) and isinstance(value, Integral)


def _ends_of(length: int, kept: int, truncate_from: TruncateFrom) -> Spans:
    if truncate_from == "right" or kept == length:
        return (slice(0, kept),)
    head = 0 if truncate_from == "left" else min(int(truncate_from), kept)
    return slice(0, head), slice(length - (kept - head), length)


def _spans(
    length: int, width: int, stride: int, truncate_from: TruncateFrom
) -> list[slice]:
    if length <= width:
        return [slice(0, length)]
    starts = range(0, length - stride, width - stride)
    spans = [slice(start, min(start + width, length)) for start in starts]
    if truncate_from == "right":
        return spans
    return [slice(length - span.stop, length - span.start) for span in spans[::-1]]
