"""Word vectors of Chinese texts at hand: how fast, beside gensim's skip-gram, how good.

`--part speed`: both get the same lists of words, the same window, dimension and least
count, on the same cores, and are scored after some of our epochs (scoring is not timed)
and after gensim's last. Cutting into words is not timed for either.

`--part quality`: objectives and solvers by what lessons 4667 to 4681 measure: Spearman
of squared norms and -log P, CA8's analogies, reviews by summed vectors.
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.harness import publish
from benchmarks.word_tasks import (
    analogies,
    analogy_score,
    corpus,
    sentence_score,
    sentiment,
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

DIM, WINDOW, LEAST = 128, 10, 10
OURS_EPOCHS, THEIR_EPOCHS, ROUNDS = 10, 5, 2
Sentences = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data sets")
    parser.add_argument("--part", choices=("speed", "quality"), default="speed")
    parser.add_argument("--epochs", type=int, default=OURS_EPOCHS, help="ours")
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
    start = time.perf_counter()
    counts = counted(sentences, options)
    counting = time.perf_counter() - start
    rate = f"{words / counting / 1e6:.2f}"
    rows.append(["kewen: counting alone", f"{counting:.1f}", rate])
    for name, model in {
        "one table, {} epochs": PMIWordVectors(DIM, epochs=options.epochs),
        "two of half the width, {} epochs": PMIWordVectors(
            DIM // 2, tables="concat", epochs=options.epochs
        ),
        "least squares, {} rounds": PMIWordVectors(DIM, solver="als", epochs=ROUNDS),
    }.items():
        total = counting
        for epoch, seconds in timed(model.rounds(counts)):
            total += seconds
            if epoch in (1, 2, 3, 5) or epoch == model.epochs:
                told = scores(model.vectors_, options)
                rate = f"{words / total / 1e6:.2f}"
                rows.append(
                    [f"kewen: {name.format(epoch)}", f"{total:.1f}", rate, *told]
                )
                print(rows[-1], flush=True)
        if model.tables == "shared" and model.solver == "adagrad":
            an_epoch = (total - counting) / model.epochs
    seconds, vectors = skip_gram(sentences, THEIR_EPOCHS, options.workers)
    name = f"gensim: skip-gram, {THEIR_EPOCHS} epochs"
    rate = f"{words / seconds / 1e6:.2f}"
    rows.append([name, f"{seconds:.1f}", rate, *scores(vectors, options)])
    print(rows[-1], flush=True)
    rows = [[*row, *[""] * (7 - len(row))] for row in rows]
    table = text_table(
        [
            "",
            "s",
            "M words of the corpus/s",
            "CA8 semantic",
            "CA8 morphological",
            "translated",
            "STS-B",
        ],
        rows,
    )
    return (
        f"{table}\n\nOne more epoch of ours: {an_epoch:.2f} s, "
        f"over {len(counts):,} pairs, without the text. Compiling, once a machine: "
        f"{compiling:.1f} s, not in the table.\n{asked(counts, options)}"
    )


def quality(sentences: Sentences, options: argparse.Namespace) -> str:
    counts = counted(sentences, options)
    near = cooccurrence(
        sentences, window=WINDOW, min_count=LEAST, weighting="inverse_distance"
    )
    epochs = options.epochs
    rows = []
    for name, make in {
        "PMI, truncated": lambda: PMIWordVectors(DIM, epochs=epochs).fit(counts),
        "PMI, not truncated": lambda: PMIWordVectors(
            DIM, epochs=epochs, truncate=False
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
                *scores(vectors, options),
                *reviews(vectors, options.data),
            ]
        )
        print(rows[-1], flush=True)
    table = text_table(
        [
            "",
            "norm, rarity",
            "CA8 semantic",
            "CA8 morphological",
            "translated",
            "STS-B",
            "LR",
            "LR unseen",
            "MLP",
            "MLP unseen",
        ],
        rows,
    )
    return (
        f"{table}\n\n{epochs} epochs. norm, rarity: "
        "Spearman of |v|^2 and -log P. LR and MLP: accuracy in % on the reviews' test "
        "set, and on those of its texts that training has not seen, by summed vectors; "
        f"the lesson reports 81 to 82 and 88 to 89.\n{asked(counts, options)}"
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


def skip_gram(
    sentences: Sentences, epochs: int, workers: int
) -> tuple[float, WordVectors]:
    from gensim.models import Word2Vec

    start = time.perf_counter()
    model = Word2Vec(
        sentences,
        vector_size=DIM,
        window=WINDOW,
        min_count=LEAST,
        sg=1,
        negative=5,
        workers=workers,
        epochs=epochs,
        seed=1,
    )
    seconds = time.perf_counter() - start
    return seconds, WordVectors(model.wv.index_to_key, model.wv.vectors)


def scores(vectors: WordVectors, options: argparse.Namespace) -> list[str]:
    """Analogies right in %, three sets, and Spearman on STS-B."""
    words = list(vectors.words)
    found = [
        f"{100 * analogy_score(words, vectors.vectors, questions)[0]:.1f}"
        for questions in analogies(options.data).values()
    ]
    pairs = sentence_score(words, vectors.vectors, cut, options.data)
    return [*found, f"{pairs:.3f}"]


def asked(counts: Cooccurrence, options: argparse.Namespace) -> str:
    """How many analogy questions have four known words."""
    nothing = np.ones((len(counts.lexicon), 1))
    words = list(counts.lexicon.words)
    told = [
        f"{name} {analogy_score(words, nothing, rows)[1]:,} of {len(rows):,}"
        for name, rows in analogies(options.data).items()
    ]
    return (
        f"Analogies: right in % of the questions whose words all have vectors: "
        f"{', '.join(told)}. STS-B: Spearman of the cosine of summed vectors and of "
        "people's scores, test set."
    )


def cut(text: str) -> list[str]:
    import rjieba

    return rjieba.cut(text)


def norm_rarity(vectors: WordVectors, counts: Cooccurrence) -> float:
    from scipy.stats import spearmanr

    rarity = -np.log(counts.lexicon.counts)
    return float(spearmanr(vectors.norms**2, rarity).statistic)


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
