"""What word vectors are good for: related words, analogies, keywords, sentences.

Inner products are log P(a, b) / (P(a) P(b)) where they come from `PMIWordVectors` with
one table: how related two words are, and by their size how much a word tells. What is
asked by angle alone (`normalize=True`) makes sense for any vectors.
"""

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError, DataError
from kewen.mining.lexicon import Lexicon, words_of
from kewen.mining.profiles import profile_directions
from kewen.mining.stored_words import read_arrays, words_from, words_to, write_arrays

Vectors = NDArray[np.floating]
Ranked = list[tuple[str, float]]  # best first
RAREST = 100  # words whose mean stands for an unknown one


class WordVectors:
    """Words and their vectors, most frequent first where counts are known."""

    def __init__(
        self,
        words: Sequence[str],
        vectors: Vectors,
        counts: NDArray[np.int64] | None = None,
    ):
        """Keep them as they are.

        Args:
            words: V different ones.
            vectors: float, (V, C); half precision is widened.
            counts: how often each occurred, or None.

        Raises:
            DataError: if they do not fit, repeat, are no numbers, or there are none.
        """
        self.vectors = _numbers(vectors)
        if self.vectors.ndim != 2 or len(self.vectors) != len(words):
            raise DataError(
                "There must be one vector for each word. Received: "
                f"{len(words)} words, vectors of shape {self.vectors.shape}."
            )
        if self.vectors.size == 0:
            raise DataError(
                "There must be at least one word, and one number for it. Received: "
                f"vectors of shape {self.vectors.shape}."
            )
        # So that no inner product overflows.
        most = np.sqrt(np.finfo(self.vectors.dtype).max / self.dim)
        if not max(self.vectors.max(), -self.vectors.min()) <= most:
            wrong = int(np.argmin((np.abs(self.vectors) <= most).all(axis=1)))
            raise DataError(
                f"Vectors must be finite numbers, at most {most:.1e}. Received: others "
                f"for the word {words[wrong]!r}. The training diverged, or the file is "
                "corrupt."
            )
        self.has_counts = counts is not None
        if counts is None:
            counts = np.zeros(len(words), np.int64)
        self.lexicon = Lexicon(tuple(words), np.asarray(counts, np.int64))

    @property
    def words(self) -> tuple[str, ...]:
        """All words; a word's place is its row."""
        return self.lexicon.words

    @property
    def dim(self) -> int:
        """C."""
        return self.vectors.shape[1]

    def __len__(self) -> int:
        return len(self.vectors)

    def __contains__(self, word: object) -> bool:
        return word in self.lexicon.index

    def __getitem__(self, word: str) -> Vectors:
        """The vector of a word, (C,); an unknown word is a DataError."""
        return self.vectors[self._row(word)]

    def __repr__(self) -> str:
        return f"WordVectors({len(self)} words, {self.dim} numbers each)"

    @cached_property
    def norms(self) -> Vectors:
        """(V,) lengths: how much each word tells."""
        return np.linalg.norm(self.vectors, axis=1)

    @cached_property
    def normalized(self) -> Vectors:
        """(V, C) vectors of length 1; a zero stays zero."""
        return normalized(self.vectors)

    @cached_property
    def unknown(self) -> Vectors:
        """(C,) for a word never seen: the mean of the rarest, the last ones here."""
        return self.vectors[-RAREST:].mean(axis=0)

    def pmi(self, one: str, other: str) -> float:
        """Their inner product, which estimates their mutual information."""
        return float(self[one] @ self[other])

    def mutual(self, some: Iterable[str], others: Iterable[str]) -> float:
        """Mutual information of two sets of words: the sum over all pairs.

        That is what it is if words are independent given the other set.
        """
        return float(self.sentence_vector(some) @ self.sentence_vector(others))

    def most_related(
        self, word: str, number: int = 10, *, normalize: bool = False
    ) -> Ranked:
        """The words with the largest inner product, or cosine if normalized."""
        return self._ranked(self[word], number, normalize=normalize, leave_out=[word])

    def most_similar(
        self, word: str, number: int = 10, *, context_words: int = 10_000
    ) -> Ranked:
        """The words used alike: their inner products with others correlate.

        Related words stand together (飞机, 机场), similar ones in each other's place
        (飞机, 直升机).

        Args:
            word: a known one.
            number: of words.
            context_words: the first so many words are what profiles are taken over.
                Many show meaning, some hundred the part of speech.
        """
        table = self._profiles(context_words)
        scores = table @ table[self._row(word)]
        return self._best(scores, number, [word])

    def profile_correlation(
        self, one: str, other: str, *, context_words: int = 10_000
    ) -> float:
        """Pearson's correlation of two words' inner products with the context words."""
        table = self._profiles(context_words)
        return float(table[self._row(one)] @ table[self._row(other)])

    def analogy(
        self,
        positive: Sequence[str],
        negative: Sequence[str] = (),
        number: int = 10,
        *,
        exclude_query: bool = True,
    ) -> Ranked:
        """What is left of a sum of words, by cosine.

        Example: positive 机场, 火车 and negative 飞机 should give 火车站.
        """
        if not positive:
            raise DataError("An analogy needs at least one positive word.")
        query = self.sentence_vector(positive, strict=True)
        query = query - self.sentence_vector(negative, strict=True)
        out = [*positive, *negative] if exclude_query else []
        return self._ranked(query, number, normalize=True, leave_out=out)

    def keywords(
        self, tokens: Iterable[str], number: int = 10, *, normalize: bool = False
    ) -> Ranked:
        """The words of a text that say most about the whole of it.

        <v_w, sum of all v>: mutual information with the text, repetitions counted. Only
        vectors whose norm is importance (one shared table) rank so.

        Args:
            tokens: the text's words; unknown ones are skipped.
            number: of words.
            normalize: by the word's own length: relatedness without importance.
        """
        _check_number(number)
        rows = self.lexicon.ids(words_of(tokens))
        whole = self.vectors[rows].sum(axis=0)
        different = np.unique(rows)
        table = self.normalized if normalize else self.vectors
        scores = table[different] @ whole
        order = np.argsort(-scores, kind="stable")[:number]
        return [(self.words[different[i]], float(scores[i])) for i in order]

    def sentence_vector(
        self,
        tokens: Iterable[str],
        mode: Literal["sum", "mean"] = "sum",
        *,
        strict: bool = False,
        unknown: bool = False,
    ) -> Vectors:
        """(C,) sum or mean of the words' vectors; zeros for none.

        Args:
            tokens: the sentence's words.
            mode: "sum" or "mean".
            strict: whether an unknown word is a DataError rather than skipped.
            unknown: whether an unknown word counts as `self.unknown`.
        """
        if mode not in ("sum", "mean"):
            raise ConfigError(f'mode must be "sum" or "mean". Received: {mode!r}.')
        tokens = list(words_of(tokens))
        rows = [self._row(each) for each in tokens] if strict else None
        rows = self.lexicon.ids(tokens) if rows is None else np.array(rows, np.int64)
        total, number = self.vectors[rows].sum(axis=0), len(rows)
        if unknown:
            total = total + (len(tokens) - number) * self.unknown
            number = len(tokens)
        return total / max(number, 1) if mode == "mean" else total

    def sentence_vectors(
        self, sentences: Iterable[Iterable[str]], mode: Literal["sum", "mean"] = "sum"
    ) -> Vectors:
        """(B, C): `sentence_vector` of each."""
        rows = [self.sentence_vector(each, mode) for each in sentences]
        return np.stack(rows) if rows else np.zeros((0, self.dim), self.vectors.dtype)

    def similarity(
        self, one: Iterable[str], other: Iterable[str], *, normalize: bool = True
    ) -> float:
        """Cosine of two sentences' sums; their mutual information if not normalized."""
        pair = np.stack([self.sentence_vector(one), self.sentence_vector(other)])
        first, second = normalized(pair) if normalize else pair
        return float(first @ second)

    def norm_rank(self, number: int | None = None) -> Ranked:
        """Words and squared norms, smallest first: stop words lead."""
        if number is not None:
            _check_number(number)
        squares = self.norms.astype(np.float64) ** 2
        order = np.argsort(squares, kind="stable")[:number]
        return [(self.words[i], float(squares[i])) for i in order]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write `.npz` or `.safetensors`, by the ending; words may hold spaces."""
        arrays = {"words": words_to(self.words), "vectors": self.vectors}
        if self.has_counts:
            arrays["counts"] = self.lexicon.counts
        write_arrays(Path(path), arrays, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "WordVectors":
        """Read what `save` wrote; another or a damaged file is an error."""
        known = {
            "words": ((np.uint8,), 1),
            "vectors": ((np.float32, np.float64, np.float16), 2),
            "counts": ((np.int64,), 1),
        }
        arrays = read_arrays(Path(path), known, optional={"counts"})
        words = words_from(arrays["words"], path)
        return cls(words, arrays["vectors"], arrays.get("counts"))

    def _row(self, word: str) -> int:
        try:
            return self.lexicon.index[word]
        except (KeyError, TypeError):  # a list has no hash
            raise DataError(
                f"The word must be one of the {len(self)} that have vectors. "
                f"Received: {word!r}."
            ) from None

    def _profiles(self, context_words: int) -> Vectors:
        if context_words < 2:
            raise ConfigError(
                "A correlation needs at least 2 context words. Received: "
                f"{context_words}."
            )
        if self._profiled != context_words:
            self._profile_table = profile_directions(self.vectors, context_words)
            self._profiled = context_words
        return self._profile_table

    _profiled = 0  # the context words of the table below
    _profile_table: Vectors

    def _ranked(
        self, query: Vectors, number: int, *, normalize: bool, leave_out: Iterable[str]
    ) -> Ranked:
        if normalize:
            scores = self.normalized @ normalized(query[None])[0]
        else:
            scores = self.vectors @ query
        return self._best(scores, number, leave_out)

    def _best(self, scores: Vectors, number: int, leave_out: Iterable[str]) -> Ranked:
        _check_number(number)
        scores = scores.astype(np.float64)
        for word in leave_out:
            scores[self._row(word)] = -np.inf
        few = min(number, len(scores))
        best = np.argpartition(-scores, few - 1)[:few]
        best = best[np.lexsort((best, -scores[best]))]
        return [(self.words[i], float(scores[i])) for i in best if scores[i] > -np.inf]


def _numbers(vectors: object) -> Vectors:
    """An array of float32 or float64."""
    table = np.asarray(vectors)
    if table.dtype.kind not in "fiu":
        raise DataError(f"Vectors must be numbers. Received: {table.dtype}.")
    if table.dtype in (np.float32, np.float64):
        return table
    return table.astype(np.float32 if table.dtype == np.float16 else np.float64)


def _check_number(number: int) -> None:
    if number < 1:
        raise ConfigError(f"number must be at least 1. Received: {number}.")


def normalized(vectors: Vectors) -> Vectors:
    """Rows of length 1; a zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)
