"""Words that a corpus shows by itself: they hold together, and both sides are free."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError
from kewen.mining.cohesion import (
    CohesionCutter,
    cohesion,
    count_ngrams,
    frequent_ngrams,
)
from kewen.mining.corpus import Chunk, Corpus, Progress, chunks_of
from kewen.mining.estimator import Estimator
from kewen.mining.freedom import LONGEST_WORD, Neighbours, entropies
from kewen.mining.key_counts import LEAST_BYTES
from kewen.mining.ngrams import LONGEST, Table, grams_of, summed
from kewen.mining.packed_words import PackedWords, falling
from kewen.mining.parallel import parallel_apply
from kewen.mining.segmenter import Segmenter

CHUNK_BYTES = 1 << 22  # its n-grams take six times as much


@dataclass(frozen=True, slots=True)
class NewWord:
    """One word that was found."""

    word: str
    count: int  # how often it was left whole
    cohesion: float  # of its loosest n-gram, in nats
    left: float  # entropy of the letters before it, in nats
    right: float  # and behind it

    @property
    def freedom(self) -> float:
        """The entropy on the side that is less free."""
        return min(self.left, self.right)

    @property
    def score(self) -> float:
        """What words are ordered by."""
        return self.freedom * math.log(self.count)


class NewWords(Estimator):
    """Finds the words of a corpus without a dictionary.

    Three passes: n-grams of up to four letters are counted, and the cohesive ones kept;
    the texts are cut where no cohesive n-gram lies across; the neighbours of what is
    left whole are counted. Memory grows with the number of cohesive n-grams only: all
    others go through temporary files if they are many.

    Args:
        min_count: how often an n-gram and a word must occur.
        min_cohesion: of n-grams of 2, 3 and 4 letters, in nats: how much more often
            than by chance they occur, however they are split.
        min_freedom: least entropy of a word's neighbours on both sides, in nats.
        known: words that are not new.
        workers: processes; None takes as many as there are cores.
        memory_bytes: for n-grams, before they go to temporary files; counting takes
            some times as much at its peak.
        text: column of the text, in files that have columns.
        encoding: of the files.

    Attributes:
        words_: the new words, the highest score first.
        counts_: how often each part was left whole, known words and letters too.

    Source: the series on minimum entropy (lessons 5476, 5577, 6540), whose thresholds
        2, 4, 6 are lower and whose words have no entropies.
    """

    def __init__(
        self,
        *,
        min_count: int = 5,
        min_cohesion: Sequence[float] = (3.0, 6.0, 9.0),
        min_freedom: float = 0.7,
        known: Collection[str] = (),
        workers: int | None = None,
        memory_bytes: int = 1 << 27,
        text: str | int = "text",
        encoding: str = "utf-8",
    ) -> None:
        self.min_count = min_count
        self.min_cohesion = min_cohesion
        self.min_freedom = min_freedom
        self.known = known
        self.workers = workers
        self.memory_bytes = memory_bytes
        self.text = text
        self.encoding = encoding

    def fit(
        self, corpus: Corpus, y: object = None, *, on_progress: Progress | None = None
    ) -> "NewWords":
        """Find the words of a file, a folder's files, or a list of texts.

        `on_progress` is told as by `WordCounter.fit`, of three passes one by one.

        Raises:
            ConfigError: for thresholds that cannot be.
            DataError: if the corpus holds no letter, or can be read once only.
        """
        self._check(corpus)
        chunks = partial(
            chunks_of,
            corpus,
            text=self.text,
            encoding=self.encoding,
            most_bytes=CHUNK_BYTES,
            on_progress=on_progress,
        )
        parts = parallel_apply(count_ngrams, chunks(), workers=self.workers)
        tables, letters = frequent_ngrams(parts, self.min_count, self.memory_bytes)
        if not letters:
            raise DataError("A corpus must hold letters. Received: none in it.")
        cohesions = [cohesion(tables, n, letters) for n in range(2, LONGEST + 1)]
        cohesive = [
            table.keys[each >= least]
            for table, each, least in zip(
                tables[1:], cohesions, self.min_cohesion, strict=True
            )
        ]
        cutter = CohesionCutter(cohesive, LONGEST_WORD)
        every = PackedWords()
        for part in parallel_apply(cutter, chunks(), workers=self.workers):
            every.merge(part)
        self.counts_ = {
            word: count
            for word, count in falling(every.counts()).items()
            if "\ufffd" not in word  # half of a wide character
            and (len(word) == 1 or count >= self.min_count)
        }
        known = set(self.known)
        found = [w for w in self.counts_ if len(w) > 1 and w not in known]
        loosest = [_loosest(word, tables, cohesions) for word in found]
        left, right = self._neighbours(chunks, found)
        words = [
            NewWord(word, self.counts_[word], *numbers)
            for word, *numbers in zip(found, loosest, left, right, strict=True)
        ]
        kept = [word for word in words if word.freedom >= self.min_freedom]
        self.words_ = sorted(kept, key=lambda word: -word.score)
        return self

    def segmenter(self) -> Segmenter:
        """One that cuts texts into the words found, known ones too, and letters."""
        return Segmenter(self.counts_)

    def _neighbours(
        self, chunks: Callable[[], Iterator[Chunk]], words: Sequence[str]
    ) -> tuple[list[float], list[float]]:
        if not words:
            return [], []
        pairs = parallel_apply(Neighbours(words), chunks(), workers=self.workers)
        left, right = summed(pairs)
        return (
            entropies(left, len(words)).tolist(),
            entropies(right, len(words)).tolist(),
        )

    def _check(self, corpus: Corpus) -> None:
        if isinstance(corpus, Iterator):
            raise DataError(
                "Words are found in three passes, so the corpus must be a file, a "
                "folder, or texts that can be gone through again, such as a list. "
                f"Received: a {type(corpus).__name__}."
            )
        if self.min_count < 2:
            raise ConfigError(
                f"min_count must be at least 2: what occurs once shows nothing. "
                f"Received: {self.min_count}."
            )
        if self.memory_bytes < LONGEST * LEAST_BYTES:
            raise ConfigError(
                f"memory_bytes must be at least {LONGEST * LEAST_BYTES}. Received: "
                f"{self.memory_bytes}."
            )
        if len(self.min_cohesion) != LONGEST - 1 or np.isnan(self.min_cohesion).any():
            raise ConfigError(
                "min_cohesion must be three numbers, for n-grams of 2, 3 and 4 "
                f"letters. Received: {self.min_cohesion}."
            )
        if math.isnan(self.min_freedom):
            raise ConfigError("min_freedom must be a number. Received: NaN.")
        if isinstance(self.known, str):
            raise ConfigError(
                "known must be a list or a set of words. Received: the string "
                f"{self.known[:40]!r}. To read them from a file, give its lines."
            )


def _loosest(
    word: str, tables: Sequence[Table], cohesions: Sequence[NDArray[np.float64]]
) -> float:
    size, keys = grams_of(word)
    return float(cohesions[size - 2][tables[size - 1].find(keys)].min())
