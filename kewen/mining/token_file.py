"""Documents as ids in a temporary file, so that a corpus is read and cut only once.

Which words are frequent is known at the end of a corpus, and only then can be counted
what stands beside what. A second reading would cut all words again, which takes longer
than everything else; ids take four bytes a word on the disk.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from kewen.errors import DataError
from kewen.mining.lexicon import Lexicon, frequent, words_of

Ids = NDArray[np.int32]
END = -1  # of a document
SPOOL_BYTES = 1 << 26  # stays in memory
BUFFER_TOKENS = 1 << 20  # ids gathered before they are written


class TokenFile:
    """Every word of a corpus as a number in order of first appearance; counts."""

    def __init__(self, documents: Iterable[Iterable[str]], folder: str | None = None):
        """Read all documents.

        Args:
            documents: their tokens; read once, so a generator will do.
            folder: of the temporary file; the system's own if None.
        """
        self._file = tempfile.SpooledTemporaryFile(SPOOL_BYTES, dir=folder)
        self._numbers: dict[str, int] = defaultdict(count().__next__)
        self._counts = np.zeros(0, np.int64)
        self.num_documents = 0
        try:
            self._read(documents)
        except BaseException:
            self._file.close()
            raise

    def lexicon(self, min_count: int) -> Lexicon:
        """The words that occur at least `min_count` times."""
        kept = frequent(self._counts, min_count)
        words = list(self._numbers)
        return Lexicon(tuple(words[number] for number in kept), self._counts[kept])

    def blocks(self, lexicon: Lexicon, block_tokens: int) -> Iterator[Ids]:
        """The corpus in the ids of `lexicon`: `END` after each document.

        Words that it lacks are left out, and their neighbours move together, as in
        word2vec and GloVe. A document may go on in the next block.
        """
        index = lexicon.index
        new = np.fromiter((index.get(w, -2) for w in self._numbers), np.int32)
        new = np.append(new, np.int32(END))  # what an index of -1 finds
        self._file.seek(0)
        while data := self._file.read(4 * block_tokens):
            ids = new[np.frombuffer(data, np.int32)]
            yield ids[ids != -2]

    def close(self) -> None:
        """Drop the file."""
        self._file.close()

    def __enter__(self) -> "TokenFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self, documents: Iterable[Iterable[str]]) -> None:
        number_of = self._numbers.__getitem__
        gathered: list[int] = []
        for tokens in documents:
            gathered.extend(map(number_of, words_of(tokens)))
            gathered.append(END)
            self.num_documents += 1
            if len(gathered) >= BUFFER_TOKENS:
                self._write(gathered)
                gathered = []
        self._write(gathered)
        wrong = next((w for w in self._numbers if not isinstance(w, str)), None)
        if wrong is not None:
            raise DataError(
                f"Words must be strings. Received: {wrong!r}, {type(wrong).__name__}."
            )

    def _write(self, gathered: list[int]) -> None:
        ids = np.array(gathered, np.int32)
        self._file.write(ids.tobytes())
        counts = np.bincount(ids[ids != END], minlength=len(self._numbers))
        counts[: len(self._counts)] += self._counts
        self._counts = counts.astype(np.int64, copy=False)
