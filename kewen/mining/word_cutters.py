"""Texts to words: rjieba, jieba, characters, what stands between spaces, or your own.

The cutters on board never join what a line end separates, so many texts are cut in one
call, with line ends between them; `tests/mining/test_word_cutters.py` holds them to it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeAlias, get_args

from kewen.errors import ConfigError, KewenError, WorkerError
from kewen.mining.packed_words import PackedWords
from kewen.segmenters import segmenting_package

Named: TypeAlias = Literal["rjieba", "jieba", "characters", "spaces"]
Words: TypeAlias = Named | Callable[[str], Iterable[str]]

# Enough to make calls few, and little enough for the words to stay in the core's cache.
JOINED_CHARS = 1 << 14
_EXTRA_OF = {"rjieba": "mining", "jieba": "chinese"}


def cutter(words: Words) -> Callable[[str], Iterable[str]]:
    """The function from a text to its words.

    Raises:
        ConfigError: for an unknown name.
        MissingExtraError: if the package is not installed.
    """
    if isinstance(words, str):
        return _named(words)
    check_words(words)
    return words


def check_words(words: Words) -> None:
    """Refuse a name that is none, or that of a package which is not here.

    Raises:
        ConfigError: for an unknown name.
        MissingExtraError: if the package is not installed.
    """
    if isinstance(words, str):
        _named(words)
    elif not callable(words):
        raise _unknown(words)


def count_words(
    texts: Sequence[str], words: Words, place: Callable[[int], str]
) -> PackedWords:
    """How often each word occurs in the texts.

    Args:
        texts: any.
        words: a cutter's name, or a function from a text to its words.
        place: where a text stands, by its index, for errors.

    Raises:
        WorkerError: if the function fails on a text, which it names.
    """
    counted = PackedWords()
    if not isinstance(words, str):
        counts: Counter[str] = Counter()
        for index, text in enumerate(texts):
            try:
                counts.update(iter(words(text)))  # of None too a Counter would count
            except KewenError:
                raise
            except Exception as error:
                raise WorkerError(
                    f"The function for words failed on {place(index)}: {text[:100]!r}. "
                    f"Received: {type(error).__name__}: {error}. Correct it, or take "
                    f"the text out."
                ) from error
        odd = next((word for word in counts if not isinstance(word, str)), None)
        if odd is not None:
            raise WorkerError(
                f"The function for words must give strings. Received: {odd!r:.100}, "
                f"from {place(0)} on. Correct it."
            )
        counted.add_counts(counts)
        return counted
    cut = _named(words)
    if words not in _EXTRA_OF:
        counts = Counter()
        for some in _joinable(texts):  # no line end is a word of theirs
            counts.update(cut("\n".join(some)))
        counted.add_counts(counts)
        return counted
    line_ends = 0
    for some in _joinable(texts):
        joined = "\n".join(some)
        if "\r" in joined:  # which, at a text's end, would join the line end behind it
            counted.add([word for text in some for word in cut(text)])
        else:
            line_ends += len(some) - 1
            counted.add(list(cut(joined)))
    counted.add_counts({"\n": -line_ends})
    return counted


def _joinable(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = chars = 0
    for index, text in enumerate(texts):
        chars += len(text)
        if chars >= JOINED_CHARS:
            yield texts[start : index + 1]
            start, chars = index + 1, 0
    if start < len(texts):
        yield texts[start:]


def _named(words: str) -> Callable[[str], Iterable[str]]:
    if words == "characters":
        return _characters
    if words == "spaces":
        return str.split
    if words not in _EXTRA_OF:
        raise _unknown(words)
    return segmenting_package(words, _EXTRA_OF[words]).cut


def _characters(text: str) -> str:
    return "".join(text.split())


def _unknown(words: object) -> ConfigError:
    return ConfigError(
        f"words must be one of {get_args(Named)}, or a function from a text to its "
        f"words. Received: {words!r}."
    )
