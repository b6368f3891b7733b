"""Texts cut into words of a list, on the likeliest path: no dictionary, no teacher."""

import math
from collections.abc import Mapping
from typing import SupportsFloat

from kewen.errors import ConfigError

UNSEEN = 0.5  # how often a letter counts that the list lacks


class Segmenter:
    """Cuts texts so that the product of the words' shares is largest.

    Args:
        counts: how often each word occurs, single letters too; a letter that is not in
            it counts half. What is neither letter nor digit stands alone.

    Raises:
        ConfigError: if there is no word, or a count is not above 0.

    Example: `Segmenter({"白切鸡": 5, "白": 9, "切": 2}).cut("白切鸡白")` gives
        `["白切鸡", "白"]`.

    Source: the lessons on minimum entropy: the words that make a text shortest, if a
        word costs the logarithm of its share, are those of the likeliest path.
    """

    def __init__(self, counts: Mapping[str, SupportsFloat]) -> None:
        numbers = {word: float(count) for word, count in counts.items()}
        if not numbers or not min(numbers.values()) > 0 or "" in numbers:
            raise ConfigError(
                "A segmenter needs words with counts above 0. Received: "
                f"{len(numbers)} words, the lowest count "
                f"{min(numbers.values(), default=None)}."
            )
        total = math.log(sum(numbers.values()))
        self._costs = {w: total - math.log(n) for w, n in numbers.items()}
        self._unseen = total - math.log(UNSEEN)
        self._longest = max(map(len, numbers))

    def cut(self, text: str) -> list[str]:
        """The words of a text; together they are the text."""
        words: list[str] = []
        start = 0
        for place, letter in enumerate(text):
            if not letter.isalnum():
                words += self._path(text[start:place])
                words.append(letter)
                start = place + 1
        return words + self._path(text[start:])

    def _path(self, run: str) -> list[str]:
        costs, longest = self._costs, self._longest
        best = [0.0]  # cost of the cheapest path to each place
        sizes = [0]  # of its last word
        for end in range(1, len(run) + 1):
            least = best[-1] + costs.get(run[end - 1], self._unseen)
            size = 1
            for start in range(max(0, end - longest), end - 1):
                cost = costs.get(run[start:end])
                if cost is not None and best[start] + cost < least:
                    least, size = best[start] + cost, end - start
            best.append(least)
            sizes.append(size)
        words: list[str] = []
        end = len(run)
        while end:
            words.append(run[end - sizes[end] : end])
            end -= sizes[end]
        return words[::-1]
