"""What a classifier makes of labelled examples, and how a user is told."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kewen.analysis import AttentionMap, Mistake, write_classification_report
from kewen.data import Example
from kewen.metrics import ClassificationScores, classification_scores
from kewen.tasks import TextClassifier


@dataclass(frozen=True)
class Judged:
    """One set of examples, answered."""

    examples: Sequence[Example]
    labels: Sequence[str]
    scores: ClassificationScores
    mistakes: Sequence[Mistake]

    def summary(self, name: str) -> str:
        """A line of figures, and the tables."""
        scores = self.scores
        return (
            f"{name}: {len(self.examples)} texts, accuracy={scores.accuracy:.4f} "
            f"macro_f1={scores.macro_f1:.4f}\n\n{scores.table(self.labels)}\n"
        )

    def json(self) -> str:
        """The same figures for programs, one object."""
        scores = self.scores
        columns = zip(
            self.labels,
            scores.precision.tolist(),
            scores.recall.tolist(),
            scores.f1.tolist(),
            scores.support.tolist(),
            strict=True,
        )
        record = {
            "texts": len(self.examples),
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "classes": {
                label: {
                    "precision": precision,
                    "recall": recall,
                    "f1": f1,
                    "support": support,
                }
                for label, precision, recall, f1, support in columns
            },
            "confusion": scores.confusion.tolist(),
        }
        return json.dumps(record, ensure_ascii=False) + "\n"


def judge(classifier: TextClassifier, examples: Sequence[Example], name: str) -> Judged:
    """Answer labelled examples and compare.

    Args:
        classifier: with labels.
        examples: N of them.
        name: how an error calls them.

    Raises:
        DataError: if an example has a label that the classifier does not know.
    """
    labels = classifier.labels
    truth = labels.encode(examples, name) if labels else np.empty(0)
    pairs = [example.pair or "" for example in examples]
    answers = classifier.predict(
        [example.text for example in examples], pairs if any(pairs) else None
    )
    names = list(labels.names) if labels else []
    said = np.array([names.index(answer.label) for answer in answers])
    mistakes = [
        Mistake(_shown(example), str(example.label), answer.label, answer.probability)
        for example, answer in zip(examples, answers, strict=True)
        if example.label != answer.label
    ]
    scores = classification_scores(truth, said, len(names))
    return Judged(examples, names, scores, mistakes)


def write_report(
    path: Path,
    classifier: TextClassifier,
    judged: Judged,
    *,
    title: str,
    facts: Mapping[str, str],
    history: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """One HTML page: scores, curves, mistakes, and where the model looked.

    Raises:
        FileError: if the file exists and may not be replaced, or cannot be written.
    """
    write_classification_report(
        path,
        title=title,
        scores=judged.scores,
        labels=judged.labels,
        history=history or {},
        attention=attention_of(classifier, judged.examples[0]),
        mistakes=judged.mistakes,
        facts=facts,
        overwrite=overwrite,
    )
    sys.stderr.write(f"report: {path}\n")


def attention_of(classifier: TextClassifier, example: Example) -> AttentionMap:
    """Who looks at whom in one text, in every layer and head."""
    encoded = classifier.tokenizer(
        example.text, example.pair, max_length=classifier.max_length
    )
    model = classifier.pretrained.model.redrawn(heads=(), collect=["attention_scores"])
    run = model.predict_on_batch(
        {name: encoded[name][None] for name in model.inputs_by_name}
    )
    layers = range(classifier.pretrained.config.num_layers)
    scores = np.stack([np.asarray(run[f"attention_{i}"][0]) for i in layers])
    return AttentionMap(
        classifier.tokenizer.tokens(encoded["token_ids"]),
        scores.astype("float32"),
        caption=f"{example.place}, {example.label}",
    )


def _shown(example: Example) -> str:
    if example.pair is None:
        return example.text
    return f"{example.text}\n— {example.pair}"
