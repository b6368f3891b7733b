"""What the demo's classifier reaches on its test articles, seed by seed.

The split is fixed; a seed moves new weights, shuffling and dropout. Each seed starts
from the checkpoint again.
"""

import argparse

import numpy as np

from benchmarks.harness import publish
from kewen.data.demo_assets import BBC_NEWS, MINILM, bring
from kewen.metrics import text_table
from kewen.models import load
from kewen.tasks import TextClassifier
from kewen.tasks.news_demo import (
    EPOCHS,
    FROZEN,
    LEARNING_RATE,
    MAX_LENGTH,
    POOLING,
    split_news,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--pooling", default=POOLING)
    parser.add_argument("--max-length", type=int, default=MAX_LENGTH)
    parser.add_argument("--freeze", nargs="*", default=FROZEN)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    train, dev, test = split_news(bring(BBC_NEWS))
    rows = []
    for seed in arguments.seeds:
        classifier = TextClassifier(
            load(bring(MINILM)),
            max_length=arguments.max_length,
            pooling=arguments.pooling,
            seed=seed,
        )
        history = classifier.fit(
            train,
            dev,
            epochs=arguments.epochs,
            learning_rate=arguments.learning_rate,
            freeze=arguments.freeze,
        )
        scores = classifier.evaluate(test)
        best = history.epochs[history.best_epoch - 1]["val_accuracy"]
        rows.append((seed, best, scores.accuracy, scores.macro_f1))
        print(*rows[-1], flush=True)
    means = ("mean", *np.mean([row[1:] for row in rows], axis=0))
    lines = [
        [str(row[0]), *(f"{value:.4f}" for value in row[1:])] for row in [*rows, means]
    ]
    header = ["seed", "dev accuracy", "test accuracy", "test macro-F1"]
    publish(
        "news_accuracy",
        "Accuracy on BBC news",
        text_table(header, lines),
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
