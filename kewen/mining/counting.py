"""How often each word of a corpus occurs, counted by several processes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from kewen.errors import DataError
from kewen.mining.corpus import Chunk, Corpus, chunks_of
from kewen.mining.parallel import parallel_apply
from kewen.mining.tally import Tally
from kewen.mining.word_cutters import Words, check_words, count_words


@dataclass(frozen=True, slots=True)
class Counted:
    """What one chunk holds."""

    counts: dict[str, int]
    num_texts: int


@dataclass(frozen=True, slots=True)
class CountChunk:
    """Counts the words of a chunk; travels to other processes.

    Args:
        words: as for `WordCounter`.
        punctuation: whether words without a letter or digit count.
    """

    words: Words
    punctuation: bool = True

    def __call__(self, chunk: Chunk) -> Counted:
        """The counts of one chunk."""
        texts = chunk.texts()
        counts = count_words(texts, self.words, chunk.place)
        if not self.punctuation:
            counts = {
                word: count
                for word, count in counts.items()
                if any(map(str.isalnum, word))
            }
        return Counted(dict(counts), len(texts))


class WordCounter:
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
        counts_: how often each word occurs, the most frequent first.
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

    def fit(self, corpus: Corpus, y: object = None) -> "WordCounter":
        """Count a file, the files of a folder, or an iterable of texts.

        Raises:
            NotFoundError: if there is no such file or folder.
            DataError: if a file is not what its name says, or nothing holds a text.
            WorkerError: if the function for words fails, on a text that it names.
        """
        check_words(self.words)
        chunks = chunks_of(corpus, text=self.text, encoding=self.encoding)
        function = CountChunk(self.words, self.punctuation)
        return self.fit_counted(parallel_apply(function, chunks, workers=self.workers))

    def fit_counted(self, parts: Iterator[Counted]) -> "WordCounter":
        """Add up what was counted elsewhere, chunk by chunk in order."""
        tally: Tally[str] = Tally(self.most)
        self.num_texts_ = 0
        for part in parts:
            tally.add(part.counts)
            self.num_texts_ += part.num_texts
        if not self.num_texts_:
            raise DataError(
                "A corpus must hold at least one text that is not blank. Received: "
                "none. Look into its files."
            )
        self.num_words_ = tally.total
        self.counts_ = tally.most_common()
        self.error_bound_ = tally.error_bound
        self._tally = tally
        return self

    def bounds(self, word: str) -> tuple[int, int]:
        """Least and most of how often a word really occurs; equal without `most`."""
        return self._tally.bounds(word)

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """The most frequent words and their counts."""
        return list(islice(self.counts_.items(), number))
