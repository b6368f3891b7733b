"""A page about word vectors: how they were learned, what they say of words."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kewen.analysis.report.page import facts_section, write_page
from kewen.analysis.report.scatter import scatter_section
from kewen.analysis.report.section import Section
from kewen.analysis.report.svg_chart import learning_section
from kewen.analysis.report.tables import table_section
from kewen.mining import Cooccurrence, WordVectors
from kewen.visible import visible

MOST_NEIGHBOURS = 8
MOST_SHORT = 30  # words with the shortest vectors


def write_vectors_report(
    path: str | os.PathLike[str],
    vectors: WordVectors,
    counts: Cooccurrence,
    losses: Sequence[float],
    words: Sequence[str],
    *,
    facts: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page.

    Args:
        path: the file to write.
        vectors: of the words of `counts`.
        counts: what they were learned from.
        losses: the mean of each epoch; none for vectors in closed form.
        words: whose neighbours are shown.
        facts: name and value of what a reader needs to repeat the run.
        overwrite: whether the file may exist already.
    """
    figures = {
        "texts": f"{counts.num_documents:,}",
        "words": f"{len(vectors):,}",
        "pairs": f"{len(counts):,}",
        "numbers a word": f"{vectors.dim}",
    }
    if losses:
        figures["last loss"] = f"{losses[-1]:.4f}"
    rows: list[list[Section]] = [[_neighbours(vectors, words)]]
    rows.append([_norms(vectors, counts), _shortest(vectors, counts)])
    if losses:
        rows.append([learning_section({"loss": list(losses)})])
    if facts:
        rows.append([facts_section(facts)])
    return write_page(path, "Word vectors", figures, rows, overwrite=overwrite)


def _neighbours(vectors: WordVectors, words: Sequence[str]) -> Section:
    def listed(ranked: list[tuple[str, float]]) -> str:
        return "  ".join(f"{visible(word)} {score:.2f}" for word, score in ranked)

    rows = [
        [
            visible(word),
            listed(vectors.most_related(word, MOST_NEIGHBOURS, normalize=True)),
            listed(vectors.most_similar(word, MOST_NEIGHBOURS)),
        ]
        for word in words
    ]
    return table_section(
        "Neighbours",
        ["word", "related (cosine)", "used alike (correlation)"],
        rows,
        "Related words stand near each other. Words used alike stand near the same "
        "others, so that one could take the other's place.",
    )


def _norms(vectors: WordVectors, counts: Cooccurrence) -> Section:
    rarity = -np.log(counts.lexicon.counts / counts.lexicon.total)
    return scatter_section(
        "Length and rarity",
        rarity,
        vectors.norms.astype(np.float64) ** 2,
        axes=("-log P of a word", "squared length of its vector"),
        note="Where vectors have one table and mutual information as inner product, "
        "what a word tells grows with its rarity.",
    )


def _shortest(vectors: WordVectors, counts: Cooccurrence) -> Section:
    index = counts.lexicon.index
    rows = [
        [visible(word), f"{square:.2f}", f"{int(counts.lexicon.counts[index[word]]):,}"]
        for word, square in vectors.norm_rank(MOST_SHORT)
    ]
    return table_section(
        "Shortest vectors", ["word", "squared length", "occurrences"], rows
    )
