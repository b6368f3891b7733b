"""How often two words stand near each other, from a stream of documents."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import lcm
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from scipy import sparse

from kewen.errors import ConfigError, DataError, NotFoundError
from kewen.mining.key_counts import KeyCounts, Run, summed
from kewen.mining.lexicon import Lexicon
from kewen.mining.stored_words import read_arrays, words_from, words_to, write_arrays
from kewen.mining.token_file import END, Ids, TokenFile
from kewen.settings import at_least

Weighting = Literal["flat", "inverse_distance"]
BLOCK_TOKENS = 1 << 18
WIDEST = {"flat": 1 << 15, "inverse_distance": 40}  # lcm(1 ... 40) fits int64


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """Counts of unordered pairs of words within a window.

    `pairs[i, j]`, kept for i <= j only, is how often the words i and j, whichever comes
    first, stand at most `window` words apart; under "inverse_distance" such a pair
    counts 1 / distance.
    """

    lexicon: Lexicon
    pairs: sparse.csr_array = field(repr=False)  # float64, (V, V), upper triangle
    window: int
    weighting: Weighting = "flat"
    num_documents: int = 0

    @property
    def matrix(self) -> sparse.csr_array:
        """float64, (V, V), symmetric: [i, j] counts j around i, so [i, i] is even."""
        return sparse.csr_array(self.pairs + self.pairs.T)

    def __len__(self) -> int:
        return self.pairs.nnz

    def merge(self, other: "Cooccurrence") -> "Cooccurrence":
        """The counts of two corpora together.

        Both must have been counted with the same words (`lexicon=`), window and
        weighting. Their lexicon's own counts are kept, not added up: it said how often
        each word is in all of the corpus before its parts were counted.
        """
        for what in ("window", "weighting"):
            if getattr(self, what) != getattr(other, what):
                raise DataError(
                    f"Only counts of one {what} can be merged. Received: "
                    f"{getattr(self, what)} and {getattr(other, what)}."
                )
        if self.lexicon.words != other.lexicon.words:
            raise DataError(
                "Only counts of the same words can be merged. Received: "
                f"{len(self.lexicon)} and {len(other.lexicon)} words that differ. "
                "Count the parts of a corpus with one lexicon=."
            )
        return Cooccurrence(
            self.lexicon,
            sparse.csr_array(self.pairs + other.pairs),
            self.window,
            self.weighting,
            self.num_documents + other.num_documents,
        )

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write an `.npz` that `load` reads: another training needs no corpus."""
        settings = (
            self.window,
            get_args(Weighting).index(self.weighting),
            self.num_documents,
        )
        arrays = {
            "words": words_to(self.lexicon.words),
            "counts": self.lexicon.counts,
            "row_ends": self.pairs.indptr[1:].astype(np.int64),
            "columns": self.pairs.indices.astype(np.int32),
            "amounts": self.pairs.data,
            "settings": np.array(settings, np.int64),
        }
        write_arrays(Path(path), arrays, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Cooccurrence":
        """Read what `save` wrote; a damaged or foreign file is a DataError."""
        arrays = read_arrays(
            Path(path),
            {
                "words": ((np.uint8,), 1),
                "counts": ((np.int64,), 1),
                "row_ends": ((np.int64,), 1),
                "columns": ((np.int32,), 1),
                "amounts": ((np.float64,), 1),
                "settings": ((np.int64,), 1),
            },
        )
        lexicon = Lexicon(words_from(arrays["words"], path), arrays["counts"])
        ends, columns = arrays["row_ends"], arrays["columns"]
        begins = np.concatenate([[0], ends])
        size = len(lexicon)
        sound = (
            len(ends) == size
            and (np.diff(begins) >= 0).all()
            and begins[-1] == len(columns) == len(arrays["amounts"])
            and ((columns >= 0) & (columns < size)).all()
            and np.isfinite(arrays["amounts"]).all()
            and (arrays["amounts"] > 0).all()
            and (columns >= np.repeat(np.arange(size), np.diff(begins))).all()
            and (lexicon.counts > 0).all()
            and len(arrays["settings"]) == 3
            and arrays["settings"][0] > 0
            and arrays["settings"][1] in range(len(get_args(Weighting)))
        )
        if not sound:
            raise DataError(
                f"{path} must hold counts as Cooccurrence.save writes them. Received: "
                "rows, columns or amounts that do not fit each other. The file is "
                "corrupt; count the corpus again."
            )
        window, weighting, num_documents = (int(each) for each in arrays["settings"])
        pairs = sparse.csr_array(
            (arrays["amounts"], columns, begins), shape=(size, size)
        )
        name = get_args(Weighting)[weighting]
        return cls(lexicon, pairs, window, name, num_documents)


def cooccurrence(
    corpus: Iterable[Iterable[str]],
    *,
    window: int = 10,
    weighting: Weighting = "flat",
    min_count: int = 5,
    lexicon: Lexicon | None = None,
    memory_bytes: int = 1 << 30,
    folder: str | None = None,
    workers: int = 2,
) -> Cooccurrence:
    """Count which words stand near each other, reading the corpus once.

    Args:
        corpus: documents, each its words in order; a generator will do. A window does
            not reach into the next document.
        window: how many words to each side count as near.
        weighting: "flat" counts each pair once; "inverse_distance", GloVe's own, by 1
            over how far apart it stands.
        min_count: rarer words are left out before windows are laid, as in word2vec.
        lexicon: the words to count instead, such as for a part of a corpus.
        memory_bytes: for counting pairs; what is beyond goes to temporary files. The
            result, 12 bytes a pair, and the words must fit in memory beside it.
        folder: of temporary files; the system's own if None.
        workers: threads that sort.

    Raises:
        ConfigError: for a window, weighting, lexicon or number that cannot be.
        NotFoundError: if there is no such folder.
        DataError: if a document is a string or holds other things than strings, or no
            word is frequent enough.

    Example: `cooccurrence([["机场", "飞机"], ["车站", "火车"]], min_count=1)`.
    """
    if weighting not in get_args(Weighting):
        raise ConfigError(
            f"weighting must be one of {', '.join(get_args(Weighting))}. "
            f"Received: {weighting!r}."
        )
    if at_least("window", window, 1) > WIDEST[weighting]:
        raise ConfigError(
            f"window must be 1 to {WIDEST[weighting]} for the weighting {weighting}. "
            f"Received: {window}."
        )
    at_least("workers", workers, 1)
    if lexicon is not None and not isinstance(lexicon, Lexicon):
        raise ConfigError(
            f"lexicon must be a Lexicon. Received: {type(lexicon).__name__}. Make one "
            "of counts by Lexicon.of, or take another Cooccurrence's."
        )
    if folder is not None and not Path(folder).is_dir():
        raise NotFoundError(
            f"The folder of temporary files must exist. Received: {folder}."
        )
    with TokenFile(corpus, folder) as tokens, KeyCounts(memory_bytes, folder) as counts:
        words = tokens.lexicon(min_count) if lexicon is None else lexicon
        if len(words) == 0:
            raise DataError(
                f"No word occurs {min_count} times. Received: "
                f"{tokens.num_documents} documents. Lower min_count or give more text."
            )
        pairing = _Pairing(len(words), window, weighting)
        blocks = pairing.overlapping(tokens.blocks(words, BLOCK_TOKENS))
        with ThreadPoolExecutor(workers) as pool:
            for run in _in_order(pool, pairing, blocks, workers):
                counts.add_run(run)
        pairs = pairing.triangle(counts)
    return Cooccurrence(words, pairs, window, weighting, tokens.num_documents)


def _in_order(
    pool: ThreadPoolExecutor, pairing: "_Pairing", blocks: Iterator[Ids], ahead: int
) -> Iterator[Run]:
    """`pool.map` that holds no more than `ahead` blocks."""
    waiting = []
    for block in blocks:
        waiting.append(pool.submit(pairing.run, block))
        if len(waiting) > ahead:
            yield waiting.pop(0).result()
    for each in waiting:
        yield each.result()


@dataclass(frozen=True)
class _Pairing:
    """From ids to keys: the key of a pair i <= j is i * V + j."""

    size: int  # V
    window: int
    weighting: Weighting

    @property
    def _unit(self) -> int:
        """A pair at distance d counts unit / d, a whole number, so that sums are exact.

        The unit is the least common multiple of all distances.
        """
        return lcm(*range(1, self.window + 1))

    def overlapping(self, blocks: Iterator[Ids]) -> Iterator[Ids]:
        """Each block with what its first words can still see, up to `window` words."""
        carried = np.full(self.window, END, np.int32)
        for block in blocks:
            joined = np.concatenate([carried, block])
            yield joined
            carried = joined[-self.window :]

    def run(self, ids: Ids) -> Run:
        """The pairs whose later word is new in this block."""
        flat = self.weighting == "flat"
        parts = []
        document = np.cumsum(ids == END, dtype=np.int32)
        wide = ids.astype(np.int64)
        new = wide[self.window :]
        for distance in range(1, self.window + 1):
            begin = self.window - distance
            old = wide[begin : begin + len(new)]
            # An end has the number of the document behind it, so it must go by itself.
            near = document[begin : begin + len(new)] == document[self.window :]
            near &= (old != END) & (new != END)
            one, other = old[near], new[near]
            keys = np.minimum(one, other) * self.size + np.maximum(one, other)
            parts.append(keys if flat else keys * (self.window + 1) + distance)
        keys = np.concatenate(parts)
        if flat:
            return summed(keys)
        keys, counts = summed(keys)
        keys, distance = np.divmod(keys, self.window + 1)
        return summed(keys, counts * (self._unit // distance))

    def triangle(self, counts: KeyCounts) -> sparse.csr_array:
        unit = 1 if self.weighting == "flat" else self._unit
        lengths = np.zeros(self.size, np.int64)
        columns, amounts = [np.zeros(0, np.int32)], [np.zeros(0)]
        for keys, sums in counts.parts():
            rows = keys // self.size
            lengths += np.bincount(rows, minlength=self.size)
            columns.append((keys - rows * self.size).astype(np.int32))
            amounts.append(sums / unit)
        begins = np.concatenate([[0], np.cumsum(lengths)])
        if begins[-1] <= np.iinfo(np.int32).max:  # else columns would be widened too
            begins = begins.astype(np.int32)
        # One after the other, so that the pieces of the first are gone.
        joined, columns = np.concatenate(columns), []
        shape = (self.size, self.size)
        return sparse.csr_array((np.concatenate(amounts), joined, begins), shape=shape)
