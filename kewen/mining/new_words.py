"""Words that a corpus shows by itself: they hold together, and both sides are free."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError
from kewen.mining.cohesion import CohesionCutter, cohesion, count_ngrams
from kewen.mining.corpus import Chunk, Corpus, chunks_of
from kewen.mining.freedom import LONGEST_WORD, Neighbours, entropies
from kewen.mining.ngrams import LONGEST, Table, grams_of, summed
from kewen.mining.parallel import parallel_apply
from kewen.mining.segmenter import Segmenter


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


class NewWords:
    """Finds the words of a corpus without a dictionary.

    Three passes: n-grams of up to four letters are counted, and the cohesive ones kept;
    the texts are cut where no cohesive n-gram lies across; the neighbours of what is
    left whole are counted. Memory grows with the number of different n-grams.

    Args:
        min_count: how often an n-gram and a word must occur.
        min_cohesion: of n-grams of 2, 3 and 4 letters, in nats: how much more often
            than by chance they occur, however they are split.
        min_freedom: least entropy of a word's neighbours on both sides, in nats.
        known: words that are not new.
        workers: processes; None takes as many as there are cores.
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
        text: str | int = "text",
        encoding: str = "utf-8",
    ) -> None:
        self.min_count = min_count
        self.min_cohesion = min_cohesion
        self.min_freedom = min_freedom
        self.known = known
        self.workers = workers
        self.text = text
        self.encoding = encoding

    def fit(self, corpus: Corpus, y: object = None) -> "NewWords":
        """Find the words of a file, a folder's files, or a list of texts.

        Raises:
            ConfigError: for thresholds that cannot be.
            DataError: if the corpus holds no letter, or can be read once only.
        """
        self._check(corpus)
        parts = parallel_apply(count_ngrams, self._chunks(corpus), workers=self.workers)
        tables = summed(parts)
        if not tables or not len(tables[0].keys):
            raise DataError("A corpus must hold letters. Received: none in it.")
        cohesions = [cohesion(tables, size) for size in range(2, LONGEST + 1)]
        cohesive = [
            table.keys[(each >= least) & (table.counts >= self.min_count)]
            for table, each, least in zip(
                tables[1:], cohesions, self.min_cohesion, strict=True
            )
        ]
        cutter = CohesionCutter(cohesive, LONGEST_WORD)
        counts: Counter[str] = Counter()
        for part in parallel_apply(cutter, self._chunks(corpus), workers=self.workers):
            counts.update(part)
        self.counts_ = {
            word: count
            for word, count in counts.most_common()
            if "\ufffd" not in word  # half of a wide character
            and (len(word) == 1 or (count >= self.min_count and cutter.is_word(word)))
        }
        known = set(self.known)
        found = [w for w in self.counts_ if len(w) > 1 and w not in known]
        loosest = [_loosest(word, tables, cohesions) for word in found]
        left, right = self._neighbours(corpus, found)
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
        self, corpus: Corpus, words: Sequence[str]
    ) -> tuple[list[float], list[float]]:
        if not words:
            return [], []
        pairs = parallel_apply(
            Neighbours(words), self._chunks(corpus), workers=self.workers
        )
        left, right = summed(pairs)
        return (
            entropies(left, len(words)).tolist(),
            entropies(right, len(words)).tolist(),
        )

    def _chunks(self, corpus: Corpus) -> Iterator[Chunk]:
        return chunks_of(corpus, text=self.text, encoding=self.encoding)

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
        if len(self.min_cohesion) != LONGEST - 1:
            raise ConfigError(
                "min_cohesion must be three numbers, for n-grams of 2, 3 and 4 "
                f"letters. Received: {self.min_cohesion}."
            )


def _loosest(
    word: str, tables: Sequence[Table], cohesions: Sequence[NDArray[np.float64]]
) -> float:
    size, keys = grams_of(word)
    return float(cohesions[size - 2][tables[size - 1].find(keys)].min())
