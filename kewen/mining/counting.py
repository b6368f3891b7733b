"""How often each word of a corpus occurs, counted by several processes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from kewen.errors import DataError
from kewen.mining.corpus import Chunk, Corpus, Progress, chunks_of
from kewen.mining.estimator import Estimator
from kewen.mining.packed_words import PackedWords, falling
from kewen.mining.parallel import parallel_apply
from kewen.mining.tally import Tally
from kewen.mining.word_cutters import Words, check_words, count_words


@dataclass(frozen=True, slots=True)
class Counted:
    """What one chunk holds."""

    words: PackedWords
    num_texts: int


@dataclass(frozen=True, slots=True)
class CountChunk:
    """Counts the words of a chunk; travels to other processes.

    Args:
        words: as for `WordCounter`.
    """

    words: Words

    def __call__(self, chunk: Chunk) -> Counted:
        """The counts of one chunk."""
        texts = chunk.texts()
        return Counted(count_words(texts, self.words, chunk.place), len(texts))


class WordCounter(Estimator):
    """Counts the words of a corpus of any size.

    Each process counts chunks of some megabytes, so memory grows with the number of
    different words only, and not at all with `most`. The result is the same for any
    number of workers, and so is the order of equal counts.

    Args:
        words: "rjieba", "jieba", "characters", "spaces", or a function from a text to
            its words; with several workers it must be one of a module.
        workers: processes; None takes as many as there are cores.
        most: how many different words are kept, the most frequent; None keeps all.
        punctuation: whether words without a letter or digit count.
        text: column of the text, in files that have columns.
        encoding: of the files.

    Attributes:
        counts_: how often each word occurs, the most frequent first, equally frequent
            ones in the order of their characters' codes.
        error_bound_: no count is lower than the truth by more; 0 without `most`. A word
            that is not in `counts_` occurs at most so often.
        num_texts_, num_words_: how many were read.

    Raises:
        ConfigError, MissingExtraError: at once, if the words cannot be cut so.

    Example: `WordCounter("characters", workers=1).fit(["白切鸡", "白鸡"]).counts_` is
        `{"白": 2, "鸡": 2, "切": 1}`.

    Source: lesson 7031.
    """

    def __init__(
        self,
        words: Words = "rjieba",
        *,
        workers: int | None = None,
        most: int | None = None,
        punctuation: bool = True,
        text: str | int = "text",
        encoding: str = "utf-8",
    ) -> None:
        self.words: Words = words
        self.workers = workers
        self.most = most
        self.punctuation = punctuation
        self.text = text
        self.encoding = encoding

    def fit(
        self, corpus: Corpus, y: object = None, *, on_progress: Progress | None = None
    ) -> "WordCounter":
        """Count a file, the files of a folder, or an iterable of texts.

        `on_progress` is told how many bytes were taken, and of how many; None where
        files are inflated or have cells, and of texts.

        Raises:
            NotFoundError: if there is no such file or folder.
            DataError: if a file is not what its name says, or nothing holds a text.
            WorkerError: if the function for words fails, on a text that it names.
        """
        check_words(self.words)
        chunks = chunks_of(
            corpus, text=self.text, encoding=self.encoding, on_progress=on_progress
        )
        function = CountChunk(self.words)
        return self.fit_counted(parallel_apply(function, chunks, workers=self.workers))

    def fit_counted(self, parts: Iterator[Counted]) -> "WordCounter":
        """Add up what was counted elsewhere, chunk by chunk in order."""
        tally: Tally[str] | None = None if self.most is None else Tally(self.most)
        every = PackedWords()
        self.num_texts_ = 0
        for part in parts:
            self.num_texts_ += part.num_texts
            if tally is None:
                every.merge(part.words)
            else:
                tally.add(self._wanted(part.words.counts()))
        if not self.num_texts_:
            raise DataError(
                "A corpus must hold at least one text that is not blank. Received: "
                "none. Look into its files."
            )
        counts = self._wanted(every.counts()) if tally is None else tally.kept()
        self.num_words_ = sum(counts.values()) if tally is None else tally.total
        self.error_bound_ = 0 if tally is None else tally.error_bound
        self.counts_ = falling(counts)
        self._tally = tally
        return self

    def _wanted(self, counts: dict[str, int]) -> dict[str, int]:
        if self.punctuation:
            return counts
        return {w: count for w, count in counts.items() if any(map(str.isalnum, w))}

    def bounds(self, word: str) -> tuple[int, int]:
        """Least and most of how often a word really occurs; equal without `most`."""
        count = self.counts_.get(word, 0)
        return (count, count) if self._tally is None else self._tally.bounds(word)

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """The most frequent words and their counts, at most so many."""
        return list(islice(self.counts_.items(), max(number, 0)))
