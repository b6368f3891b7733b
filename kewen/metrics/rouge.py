"""ROUGE: how much of a reference text an answer shares with it.

Own, because the package that everybody compares with (rouge-score) has had no release
since 2022, brings NLTK along, and drops every Chinese character unless it is given a
tokenizer. `tests/metrics/test_rouge.py` holds figures of that package.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_CHINESE = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_CHINESE}]|(?:(?![{_CHINESE}])[^\\W_])+")


@dataclass(frozen=True)
class Rouge:
    """F1 from 0 to 1, in the mean over pairs of texts."""

    rouge_1: float  # of words
    rouge_2: float  # of neighbours
    rouge_l: float  # of the longest common subsequence


def words_of(text: str) -> list[str]:
    """Chinese characters one by one, other words in lower case, no punctuation."""
    return _WORD.findall(text.lower())


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return re.search(f"[{_CHINESE}]", text) is not None


def rouge(answers: Sequence[str], references: Sequence[str]) -> Rouge:
    """ROUGE-1, -2 and -L of N answers, each with one reference.

    Example: "白切鸡很好吃" against "白切鸡好吃" gives 10/11, 2/3 and 10/11.

    Source: Lin, 2004 (aclanthology.org/W04-1013), with F1 as rouge-score has it.
    """
    sums = [0.0, 0.0, 0.0]
    for answer, reference in zip(answers, references, strict=True):
        ours, theirs = words_of(answer), words_of(reference)
        found = (
            _shared(ours, theirs, 1),
            _shared(ours, theirs, 2),
            _f1(_longest_common(ours, theirs), len(ours), len(theirs)),
        )
        sums = [a + b for a, b in zip(sums, found, strict=True)]
    return Rouge(*(each / len(answers) for each in sums))


def _shared(ours: list[str], theirs: list[str], n: int) -> float:
    """F1 of n-grams; one that comes twice counts twice where it does so in both."""
    first, second = (
        Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        for words in (ours, theirs)
    )
    common = (first & second).total()
    return _f1(common, first.total(), second.total())


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if common else 0.0


def _longest_common(ours: list[str], theirs: list[str]) -> int:
    """Length of the longest common subsequence, by rows of the usual table."""
    row = [0] * (len(theirs) + 1)
    for word in ours:
        before, row = row, [0]
        for place, other in enumerate(theirs, 1):
            longest = max(before[place], row[-1])
            row.append(before[place - 1] + 1 if word == other else longest)
    return row[-1]
