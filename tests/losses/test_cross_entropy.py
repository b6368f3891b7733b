"""The loss against torch's rule, and against the formula where torch is not there."""

import keras
import numpy as np
import pytest

from kewen.errors import ConfigError
from kewen.losses import CrossEntropy

RNG = np.random.default_rng(0)
LOGITS = (3 * RNG.normal(size=(5, 4))).astype("float32")
LABELS = np.array([0, 3, 1, 1, 2], "int32")
WEIGHTS = np.array([1, 0.5, 0, 2, 1], "float32")


def by_hand(logits, labels, weights=None, smoothing=0.0):
    """Cross-entropy of the smoothed one-hot target, weighted mean."""
    logits = logits.astype("float64")
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    classes = logits.shape[-1]
    target = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return np.average(-(target * log_p).sum(-1), weights=weights)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_loss_is_the_weighted_mean_of_the_formula(smoothing, weights):
    loss = CrossEntropy(smoothing)(LABELS, LOGITS, sample_weight=weights)
    assert float(loss) == pytest.approx(
        by_hand(LOGITS, LABELS, weights, smoothing), rel=1e-5
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_that_of_torch(smoothing):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS), torch.tensor(LABELS).long(), label_smoothing=smoothing
    )
    ours = CrossEntropy(smoothing)(LABELS, LOGITS)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)


def test_a_row_of_weight_zero_counts_nowhere():
    wild = LOGITS.copy()
    wild[2] = [-50, 90, -90, 50]
    losses = [
        float(CrossEntropy(0.1)(LABELS, logits, sample_weight=WEIGHTS))
        for logits in (LOGITS, wild)
    ]
    rest = WEIGHTS > 0
    without = CrossEntropy(0.1)(LABELS[rest], LOGITS[rest], sample_weight=WEIGHTS[rest])
    assert losses[0] == losses[1] == pytest.approx(float(without), rel=1e-6)


def test_half_precision_logits_are_summed_in_single():
    logits = keras.ops.cast(LOGITS, "bfloat16")
    rounded = np.asarray(keras.ops.cast(logits, "float32"))
    loss = CrossEntropy()(LABELS, logits)
    assert float(loss) == pytest.approx(by_hand(rounded, LABELS), rel=1e-5)


def test_large_logits_do_not_overflow():
    loss = CrossEntropy()(LABELS, LOGITS * 1e4)
    assert np.isfinite(float(loss))


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_a_smoothing_that_cannot_be_is_refused(smoothing):
    with pytest.raises(ConfigError, match="label_smoothing"):
        CrossEntropy(smoothing)


def test_config_brings_the_loss_back():
    config = keras.saving.serialize_keras_object(CrossEntropy(0.2, name="mine"))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, CrossEntropy)
    assert (again.label_smoothing, again.name) == (0.2, "mine")
    assert again.reduction == "mean_with_sample_weight"
