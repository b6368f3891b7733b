"""Ranges of code points as sequences of ranges of bytes."""

from collections.abc import Iterator

Bytes = tuple[tuple[int, int], ...]  # a range for each byte
_PARTS = (
    (0, 0x7F),
    (0x80, 0x7FF),
    (0x800, 0xD7FF),
    (0xE000, 0xFFFF),
    (1 << 16, 0x10FFFF),
)


def byte_ranges(low: int, high: int) -> Iterator[Bytes]:
    """UTF-8 of the code points from `low` to `high`, surrogates left out.

    Yields:
        Ranges, one a byte, whose product is a part of them.
    """
    for first, last in _PARTS:
        begin, end = max(low, first), min(high, last)
        if begin <= end:
            yield from _split(begin, end)


def _split(low: int, high: int) -> Iterator[Bytes]:
    """Of code points with equally many bytes."""
    length = len(chr(low).encode())
    for count in range(1, length):
        rest = (1 << (6 * count)) - 1  # what the last `count` bytes say
        if low & ~rest != high & ~rest:
            if low & rest:
                yield from _split(low, low | rest)
                yield from _split((low | rest) + 1, high)
                return
            if high & rest != rest:
                yield from _split(low, (high & ~rest) - 1)
                yield from _split(high & ~rest, high)
                return
    yield tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))
