"""Settings of word vectors, chosen where nothing is reported: ours and skip-gram's.

Dimension, window and least count are those of `benchmarks.word_vectors`. Each setting
is scored on STS-B's dev pairs, in four ways of adding up a sentence, and by every
second analogy question. `benchmarks.word_vectors` reports the best on STS-B's test
pairs and on the other questions. Eight settings each: of ours, scored after some
epochs; of singular vectors; of gensim's skip-gram, whose tables are scored alone and
added up. `--longer` trains its best two for twice the epochs too.
"""

import argparse
import json
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import publish
from benchmarks.word_tasks import (
    WAYS,
    analogies,
    analogy_score,
    corpus,
    cut,
    halves,
    sentence_score,
    weighed,
)
from kewen.metrics import text_table
from kewen.mining import (
    PMIWordVectors,
    WordVectors,
    cooccurrence,
    documents,
    ppmi_svd,
)

DIM, WINDOW, LEAST = 128, 10, 10
OURS = [
    {"unseen": unseen, "x_max": x_max}
    for x_max, unseen in product((10.0, 30.0), (0.0, 0.1, 0.3, 1.0))
]
SCORED_AFTER = (1, 2, 3, 5, 10)
SINGULAR = [
    {"power": power, "num_products": products}
    for products, power in product((4, 8), (0.0, 0.25, 0.5, 0.75))
]
THEIRS = [
    {"negative": negative, "sample": sample, "alpha": alpha}
    for alpha, negative, sample in product((0.025, 0.05), (5, 15), (1e-3, 1e-4))
]
THEIR_EPOCHS = 5
Sentences = list[list[str]]
Row = dict[str, Any]


def main() -> None:
    """Score all settings, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data sets")
    parser.add_argument("--workers", type=int, default=2, help="gensim's")
    parser.add_argument("--keep", type=Path, help="rows as JSON Lines, to go on from")
    parser.add_argument("--longer", action="store_true", help="skip-gram's best")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    sentences = list(documents(corpus(options.data)))
    counts = cooccurrence(sentences, window=WINDOW, min_count=LEAST)
    kept = Kept(options.keep)
    rows: list[Row] = []
    for setting in OURS:
        rows += kept("PMI", setting, lambda s: ours(counts, s), options.data)
    for setting in SINGULAR:
        rows += kept("SVD", setting, lambda s: singular(counts, s), options.data)
    gensim: list[Row] = []
    for setting in THEIRS:
        some = {**setting, "epochs": THEIR_EPOCHS}
        gensim += kept(
            "skip-gram",
            some,
            lambda s: theirs(sentences, s, options),
            options.data,
        )
    best = [max(gensim, key=related), max(gensim, key=analogous)]
    best = best if options.longer else []
    for setting in dict.fromkeys(json.dumps(row["setting"]) for row in best):
        some = {**json.loads(setting), "epochs": 2 * THEIR_EPOCHS}
        gensim += kept(
            "skip-gram",
            some,
            lambda s: theirs(sentences, s, options),
            options.data,
        )
    publish(
        "word_tuning",
        "Word vectors: settings, chosen on dev",
        told([*rows, *gensim]),
        write=options.write,
    )


class Kept:
    """Rows of settings; those in the file are not made again."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.known = path, {}
        if path is not None and path.exists():
            for line in path.read_text("utf-8").splitlines():
                read = json.loads(line)
                self.known[read["key"]] = read["rows"]

    def __call__(self, model: str, setting: Row, make: Any, data: Path) -> list[Row]:
        key = json.dumps([model, setting])
        if key in self.known:
            return self.known[key]
        rows = []
        for name, vectors in make(setting):
            row = {"model": model, "setting": setting, "as": name}
            rows.append(row | scores(vectors, data))
            print(line_of(rows[-1]), flush=True)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "rows": rows}) + "\n")
        return rows


def ours(counts: Any, setting: Row) -> Iterator[tuple[str, WordVectors]]:
    """After each of some epochs."""
    model = PMIWordVectors(DIM, epochs=max(SCORED_AFTER), **setting)
    for epoch, _ in enumerate(model.rounds(counts), start=1):
        if epoch in SCORED_AFTER:
            yield f"epoch {epoch}", model.vectors_


def singular(counts: Any, setting: Row) -> Iterator[tuple[str, WordVectors]]:
    yield "", ppmi_svd(counts, DIM, **setting)


def theirs(
    sentences: Sentences, setting: Row, options: argparse.Namespace
) -> Iterator[tuple[str, WordVectors]]:
    _, model = skip_gram(sentences, setting, options.workers)
    for name in ("one table", "added"):
        yield name, skip_gram_vectors(model, name)


def skip_gram(
    sentences: Sentences | None, setting: Row, workers: int
) -> tuple[float, Any]:
    """Seconds, and gensim's model; without sentences it is not trained."""
    from gensim.models import Word2Vec  # pyright: ignore[reportMissingImports]

    start = time.perf_counter()
    model = Word2Vec(
        sentences,
        vector_size=DIM,
        window=WINDOW,
        min_count=LEAST,
        sg=1,
        workers=workers,
        seed=1,
        **setting,
    )
    return time.perf_counter() - start, model


def skip_gram_vectors(model: Any, name: str) -> WordVectors:
    """Its words' vectors, or these and those of the words around, added."""
    words = model.wv.index_to_key
    table = model.wv.vectors
    if name == "added":
        table = table + model.syn1neg
    counts = np.array([model.wv.get_vecattr(word, "count") for word in words])
    return WordVectors(words, table, counts)


def scores(vectors: WordVectors, data: Path) -> Row:
    """On dev: sentences in each way, and analogies' mean over three sets, in %."""
    found: Row = {}
    for way in WAYS:
        table = weighed(vectors.vectors, vectors.lexicon.counts, way)
        found[way] = sentence_score(vectors.words, table, cut, data, "dev")
    shares = [
        analogy_score(vectors.words, vectors.vectors, halves(questions)[0])[0]
        for questions in analogies(data).values()
    ]
    return found | {"analogies": 100 * float(np.mean(shares))}


def related(row: Row) -> float:
    """By its best way."""
    return max(row[way] for way in WAYS)


def analogous(row: Row) -> float:
    return row["analogies"]


def line_of(row: Row) -> list[str]:
    setting = " ".join(f"{name}={value:g}" for name, value in row["setting"].items())
    return [
        f"{row['model']} {setting} {row['as']}".rstrip(),
        *(f"{row[way]:.3f}" for way in WAYS),
        f"{row['analogies']:.1f}",
    ]


def told(rows: list[Row]) -> str:
    """Of each model, its best by each measure, and each setting's best."""
    lines = []
    for model in dict.fromkeys(row["model"] for row in rows):
        mine = [row for row in rows if row["model"] == model]
        for what, measure in (
            ("added up as they are", lambda row: row["raw"]),
            ("added up in the best way", related),
            ("analogies", analogous),
        ):
            lines.append([f"{what}:", *line_of(max(mine, key=measure))])
    settings = []
    for row in rows:
        same = [
            each
            for each in rows
            if (each["model"], each["setting"]) == (row["model"], row["setting"])
        ]
        if row is max(same, key=related) or row is max(same, key=analogous):
            settings.append(line_of(row))
    head = ["setting", *WAYS, "analogies"]
    best = text_table(["by", *head], lines)
    every = text_table(head, settings)
    return (
        f"Best on dev\n{best}\n\nOf each setting, the best epoch or table by "
        f"sentences and by analogies\n{every}\n\nraw, unit, rare: Spearman on STS-B's "
        "dev pairs of cosines of sums: of vectors, of vectors of length 1, each also "
        "with weights by rarity. Analogies: right in % of every second question, mean "
        "of three sets."
    )


if __name__ == "__main__":
    main()
