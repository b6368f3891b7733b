"""Word vectors of Chinese texts at hand: how fast, beside gensim's skip-gram, how good.

`--part speed`: both get the same lists of words, the same window, dimension and least
count, on the same cores, each with the settings that `benchmarks.word_tuning` found
best on dev, and are scored on what that has not seen: STS-B's test pairs and the other
half of the analogies. Cutting into words and scoring are not timed.

`--part quality`: objectives and solvers by what lessons 4667 to 4681 measure: Spearman
of squared norms and -log P, CA8's analogies, reviews by summed vectors.
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import publish
from benchmarks.word_tasks import (
    analogies,
    analogy_score,
    corpus,
    cut,
    halves,
    sentence_score,
    sentiment,
    weighed,
)
from benchmarks.word_tuning import (
    DIM,
    LEAST,
    WINDOW,
    skip_gram,
    skip_gram_vectors,
)
from kewen.metrics import text_table
from kewen.mining import (
    Cooccurrence,
    GloVe,
    PMIWordVectors,
    WordVectors,
    cooccurrence,
    documents,
    ppmi_svd,
)

# The best on dev; `python -m benchmarks.word_tuning` prints how they were found.
OURS: dict[str, dict[str, Any]] = {
    "for sentences": {"unseen": 0.3, "x_max": 10.0},
    "for analogies": {"unseen": 1.0, "x_max": 30.0},
}
OURS_WAY = "raw rare"
SINGULAR = {"power": 0.75, "num_products": 8}
THEIRS = {"negative": 15, "sample": 1e-4, "alpha": 0.05, "epochs": 5}
THEIR_TABLES = {"for sentences": "one table", "for analogies": "added"}
THEIR_WAY = "unit rare"
SHOWN = (1, 2, 3, 5, 10)
HEAD = ["STS-B", "weighed", "semantic", "morphological", "translated", "mean"]
Sentences = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data sets")
    parser.add_argument("--part", choices=("speed", "quality"), default="speed")
    parser.add_argument("--epochs", type=int, default=max(SHOWN), help="ours")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    start = time.perf_counter()
    sentences = list(documents(corpus(options.data)))
    words = sum(map(len, sentences))
    print(f"cut {words} words in {time.perf_counter() - start:.1f} s", flush=True)
    part = {"speed": speed, "quality": quality}[options.part]
    head = (
        f"{len(sentences):,} texts, {words:,} words by rjieba; dimension {DIM}, window "
        f"{WINDOW}, least count {LEAST}, {options.workers} threads\n\n"
    )
    publish(
        "word_vectors",
        f"Word vectors: {options.part}",
        head + part(sentences, options),
        write=options.write,
        mark=f"word_vectors {options.part}",
    )


def speed(sentences: Sentences, options: argparse.Namespace) -> str:
    words = sum(map(len, sentences))
    compiling = time.perf_counter()
    PMIWordVectors(DIM, epochs=1).fit(cooccurrence(sentences[:200], min_count=1))
    compiling = time.perf_counter() - compiling
    rows = []

    def add(name: str, seconds: float, told: list[str]) -> None:
        rows.append([name, f"{seconds:.1f}", f"{words / seconds / 1e6:.2f}", *told])
        print(rows[-1], flush=True)

    start = time.perf_counter()
    counts = counted(sentences, options)
    counting = time.perf_counter() - start
    add("kewen: counting alone", counting, [""] * len(HEAD))
    lasting = []
    for name, setting in OURS.items():
        total = counting
        model = PMIWordVectors(DIM, epochs=options.epochs, **setting)
        for epoch, seconds in timed(model.rounds(counts)):
            total += seconds
            if epoch in SHOWN:
                told = scores(model.vectors_, OURS_WAY, options.data)
                add(f"kewen {name}, {epoch} epochs", total, told)
        lasting.append((total - counting) / options.epochs)
    start = time.perf_counter()
    vectors = ppmi_svd(counts, DIM, **SINGULAR)
    seconds = counting + time.perf_counter() - start
    add("kewen: PPMI-SVD", seconds, scores(vectors, OURS_WAY, options.data))
    seconds, model = skip_gram(sentences, THEIRS, options.workers)
    for name, table in THEIR_TABLES.items():
        told = scores(skip_gram_vectors(model, table), THEIR_WAY, options.data)
        add(f"skip-gram {name}, {THEIRS['epochs']} epochs", seconds, told)
    table = text_table(["", "s", "M words of the corpus/s", *HEAD], rows)
    chosen = [f"kewen {name} {setting}" for name, setting in OURS.items()]
    chosen += [f"skip-gram {THEIRS}, {THEIR_TABLES}"]
    return (
        f"{table}\n\n{'; '.join(chosen)}\n"
        f"One more epoch of ours: {min(lasting):.2f} s, over {len(counts):,} pairs, "
        f"without the text. Compiling, once a machine: {compiling:.1f} s, not in the "
        f"table.\n{asked(counts, options)} Weighed: by {OURS_WAY!r} for ours, "
        f"{THEIR_WAY!r} for skip-gram."
    )


def quality(sentences: Sentences, options: argparse.Namespace) -> str:
    counts = counted(sentences, options)
    near = cooccurrence(
        sentences, window=WINDOW, min_count=LEAST, weighting="inverse_distance"
    )
    epochs = options.epochs
    rows = []
    for name, make in {
        "PMI": lambda: PMIWordVectors(DIM, epochs=epochs).fit(counts),
        "PMI, unseen=1, x_max=30": lambda: PMIWordVectors(
            DIM, epochs=epochs, unseen=1, x_max=30
        ).fit(counts),
        "PMI, seen pairs alone": lambda: PMIWordVectors(
            DIM, epochs=epochs, unseen=0
        ).fit(counts),
        "the same, not truncated": lambda: PMIWordVectors(
            DIM, epochs=epochs, unseen=0, truncate=False
        ).fit(counts),
        "PMI, two tables joined": lambda: PMIWordVectors(
            DIM // 2, epochs=epochs, tables="concat"
        ).fit(counts),
        "PMI, least squares, one round": lambda: PMIWordVectors(
            DIM, epochs=1, solver="als"
        ).fit(counts),
        "GloVe": lambda: GloVe(DIM, epochs=epochs).fit(near),
        "PPMI-SVD": lambda: ppmi_svd(counts, DIM),
    }.items():
        made = make()
        vectors = made if isinstance(made, WordVectors) else made.vectors_
        rows.append(
            [
                name,
                f"{norm_rarity(vectors, counts):.2f}",
                f"{norm_rarity(vectors, counts, 10_000):.2f}",
                *scores(vectors, OURS_WAY, options.data),
                *reviews(vectors, options.data),
            ]
        )
        print(rows[-1], flush=True)
    table = text_table(
        ["", "norm, rarity", "of 10,000", *HEAD, "LR", "unseen", "MLP", "unseen"],
        rows,
    )
    return (
        f"{table}\n\n{epochs} epochs. norm, rarity: Spearman of |v|^2 and -log P, of "
        "all words and of the 10,000 most frequent. LR and MLP: accuracy in % on the "
        "reviews' test set, and on those of its texts that training has not seen, by "
        "summed vectors; the lesson reports 81 to 82 and 88 to 89.\n"
        f"{asked(counts, options)} Weighed: {OURS_WAY!r}."
    )


def counted(sentences: Sentences, options: argparse.Namespace) -> Cooccurrence:
    return cooccurrence(
        sentences, window=WINDOW, min_count=LEAST, workers=options.workers
    )


def timed(rounds: Iterator[float]) -> Iterator[tuple[int, float]]:
    """Number of each round, from 1, and what it took."""
    epoch = 0
    while True:
        start = time.perf_counter()
        if next(rounds, None) is None:
            return
        epoch += 1
        yield epoch, time.perf_counter() - start


def scores(vectors: WordVectors, way: str, data: Path) -> list[str]:
    """On test: sentences as they are and weighed; three sets of analogies, and mean."""
    counts = vectors.lexicon.counts
    sentences = [
        sentence_score(
            vectors.words, weighed(vectors.vectors, counts, each), cut, data, "test"
        )
        for each in ("raw", way)
    ]
    shares = [
        100 * analogy_score(vectors.words, vectors.vectors, halves(questions)[1])[0]
        for questions in analogies(data).values()
    ]
    shares.append(float(np.mean(shares)))
    return [f"{each:.3f}" for each in sentences] + [f"{each:.1f}" for each in shares]


def asked(counts: Cooccurrence, options: argparse.Namespace) -> str:
    """How many analogy questions have four known words."""
    nothing = np.ones((len(counts.lexicon), 1))
    told = [
        f"{name} {analogy_score(counts.lexicon.words, nothing, halves(rows)[1])[1]:,} "
        f"of {len(halves(rows)[1]):,}"
        for name, rows in analogies(options.data).items()
    ]
    return (
        f"Analogies: right in % of the questions whose words all have vectors: "
        f"{', '.join(told)}. STS-B: Spearman of the cosine of summed vectors and of "
        "people's scores, test set."
    )


def norm_rarity(
    vectors: WordVectors, counts: Cooccurrence, first: int | None = None
) -> float:
    from scipy.stats import spearmanr

    rarity = -np.log(counts.lexicon.counts[:first])
    found = np.asarray(spearmanr(vectors.norms[:first] ** 2, rarity))
    return float(found[0])


def reviews(vectors: WordVectors, data: Path) -> list[str]:
    """Accuracy in % of logistic regression and of a network with 64 hidden units."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    sets = {
        name: (vectors.sentence_vectors(map(cut, texts)), labels)
        for name in ("train", "test", "test_unseen")
        for texts, labels in [sentiment(data, name)]
    }
    found = []
    for learner in (
        LogisticRegression(max_iter=2000),
        MLPClassifier((64,), early_stopping=True, max_iter=30, random_state=0),
    ):
        model = make_pipeline(StandardScaler(), learner)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(*sets["train"])
        found += [
            f"{100 * model.score(*sets[name]):.1f}" for name in ("test", "test_unseen")
        ]
    return found


if __name__ == "__main__":
    main()
