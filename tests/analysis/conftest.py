"""A classifier's results, invented but shaped like real ones."""

import numpy as np
import pytest
from report_cases import LABELS, attention

from kewen.analysis.report import Mistake, write_classification_report
from kewen.metrics import classification_scores


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
