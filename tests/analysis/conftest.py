"""A classifier's results, invented but shaped like real ones."""

import sys
from pathlib import Path

import numpy as np
import pytest

from kewen.analysis.report import AttentionMap, Mistake, write_classification_report
from kewen.metrics import classification_scores

sys.path.insert(0, str(Path(__file__).parent))

LABELS = ["business", "体育新闻", "tech"]


def attention(num_layers=2, num_heads=3, side=5, seed=0):
    scores = np.random.default_rng(seed).random((num_layers, num_heads, side, side))
    tokens = ["[CLS]", *(f"词{i}" for i in range(side - 2)), "[SEP]"]
    return AttentionMap(tokens, scores / scores.sum(-1, keepdims=True))


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    said = np.where(rng.random(60) < 0.1, rng.integers(0, 3, 60), truth)
    epochs = [
        {"epoch": 1, "loss": 0.7, "val_loss": 0.3, "val_accuracy": 0.9, "seconds": 9.0},
        {"epoch": 2, "loss": 0.2, "val_loss": 0.1, "val_accuracy": 0.97, "seconds": 8},
    ]
    return {
        "title": "课文 demo",
        "scores": classification_scores(truth, said, 3),
        "labels": LABELS,
        "history": {"loss": np.linspace(1.6, 0.1, 40).tolist(), "epochs": epochs},
        "attention": attention(),
        "mistakes": [Mistake("股价上涨。" * 100, "tech", "business", 0.93)],
        "facts": {"seed": "0", "model": "MiniLM"},
    }


@pytest.fixture
def write(tmp_path, results):
    """Write the page with some results changed; returns its text."""

    def write_changed(**changes):
        path = write_classification_report(
            tmp_path / "report.html", **{**results, **changes}, overwrite=True
        )
        return path.read_text(encoding="utf-8")

    return write_changed
