"""Many prompts through few rows: who is done makes room for the next at once.

A batch that waits for its longest text computes for rows that are done already. Here
the loop stops every few tokens, the rows that are done are handed out, and waiting
prompts are read into their places.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kewen.decoding.decoder import Decoder, limits_of
from kewen.decoding.rules.checks import is_whole
from kewen.decoding.strategy import Generated, Loop, numpy_of
from kewen.errors import ConfigError

EVERY = 4  # tokens between two looks at who is done


def continuous(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int | Sequence[int] = 64,
    extra: Mapping[str, np.ndarray] | None = None,
    *,
    rows: int = 8,
) -> Iterator[tuple[int, Generated]]:
    """Generate after each prompt, a fixed number of them at a time.

    Args:
        decoder: with a strategy of one row a prompt (`Paths`).
        prompts: as of a `Decoder`.
        max_new_tokens: at most so many, of all or of each.
        extra: further inputs of the model, rows as the prompts.
        rows: at a time.

    Yields:
        (number of the prompt, what came of it), as they are done.

    Raises:
        ConfigError: if a rule has an entry for each prompt, the strategy takes one
            prompt at a time, or a number cannot be.
    """
    if decoder.strategy.ALONE:
        raise ConfigError(
            "Prompts that make room for each other are decoded side by side. Received: "
            f"{type(decoder.strategy).__name__}, which takes one at a time. Call the "
            "decoder itself."
        )
    if any(rule.prompts is not None for rule in decoder.strategy.rules):
        raise ConfigError(
            "Prompts that make room for each other are held to the same rules. "
            "Received: a rule with an entry for each prompt. Generate batch by batch."
        )
    is_whole("rows", rows, 1)
    limits = limits_of(max_new_tokens, len(prompts))
    if not len(prompts):
        return
    capacity = decoder.capacity(
        max(len(prompt) + limit for prompt, limit in zip(prompts, limits, strict=True))
    )

    keys = decoder.keys(prompts, extra)

    def begun(numbers: list[int]) -> Loop:
        return decoder.begin(
            [prompts[number] for number in numbers],
            limits[numbers].tolist(),
            {name: array[numbers] for name, array in (extra or {}).items()},
            capacity,
            [keys[number] for number in numbers],
        )

    # Short texts beside short ones, long ones beside long ones, longest first: so the
    # last rows to be done were not begun last.
    waiting = sorted(range(len(prompts)), key=lambda number: -int(limits[number]))
    places: list[int | None] = [*waiting[:rows]]
    waiting = waiting[rows:]
    loop = begun([number for number in places if number is not None])
    while any(place is not None for place in places):
        loop = decoder.advance(loop, EVERY)
        done = np.flatnonzero(numpy_of(loop["done"]))
        ready = {row: at for row in done if (at := places[row]) is not None}
        found = decoder.results(loop) if ready else []
        for row, number in ready.items():
            places[row] = None
            yield number, found[row][0]
        count = _power_of_two(min(len(_free(places)), len(waiting)))
        if count:
            fresh, waiting = waiting[:count], waiting[count:]
            source = np.full(len(places), -1, "int32")
            for index, (row, number) in enumerate(
                zip(_free(places), fresh, strict=False)
            ):
                places[row], source[row] = number, index
            loop = decoder.merge(loop, begun(fresh), source)


def _free(places: list[int | None]) -> list[int]:
    return [row for row, place in enumerate(places) if place is None]


def _power_of_two(count: int) -> int:
    """At most `count`: few numbers of rows, so few programs."""
    return 1 << (count.bit_length() - 1) if count else 0
