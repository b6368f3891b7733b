"""Which epoch's weights are kept, and when a training ends early."""

import numpy as np
import pytest
from small import batches_of, small_model, train, weights_of

from kewen.errors import ConfigError


class Judge:
    """Gives the scores it was told, and keeps the weights that it saw."""

    def __init__(self, model, scores, name="loss"):
        self.model, self.name = model, name
        self.scores = iter(scores)
        self.seen = []

    def __call__(self):
        self.seen.append(weights_of(self.model))
        return {self.name: next(self.scores), "other": 0.5}


def judged(scores, name="loss", **options):
    model = small_model()
    judge = Judge(model, scores, name)
    wanted = {"epochs": len(scores), "metrics": (name, "other")}
    history = train(model, batches_of(), validate=judge, **(wanted | options))
    return model, judge, history


def assert_weights_of_epoch(model, judge, epoch):
    for path, value in weights_of(model).items():
        np.testing.assert_array_equal(value, judge.seen[epoch - 1][path])
    others = [seen["top/kernel"] for i, seen in enumerate(judge.seen) if i != epoch - 1]
    kept = weights_of(model)["top/kernel"]
    assert not any(np.array_equal(kept, other) for other in others)


def test_weights_of_epoch_1_are_kept_where_it_gets_worse_afterwards():
    model, judge, history = judged([0.3, 0.4, 0.5])
    assert history.best_epoch == 1
    assert_weights_of_epoch(model, judge, 1)


def test_more_is_better_for_an_accuracy():
    scores = [0.3, 0.6, 0.4]
    model, judge, history = judged(scores, "accuracy", monitor="val_accuracy")
    assert history.best_epoch == 2
    assert_weights_of_epoch(model, judge, 2)


def test_the_first_of_equal_epochs_is_the_best():
    model, judge, history = judged([0.5, 0.3, 0.3])
    assert history.best_epoch == 2
    assert_weights_of_epoch(model, judge, 2)


def test_without_validation_the_last_epoch_counts_as_the_best():
    model = small_model()
    assert train(model, batches_of(), epochs=2).best_epoch == 2


def test_patience_counts_the_epochs_without_a_better_one():
    model, judge, history = judged([0.5, 0.4, 0.6, 0.45, 0.1], patience=2)
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3, 4]
    assert history.best_epoch == 2
    assert_weights_of_epoch(model, judge, 2)


def test_without_patience_every_epoch_is_run():
    *_, history = judged([0.5, 0.6, 0.7, 0.8])
    assert len(history.epochs) == 4


@pytest.mark.parametrize("monitor", ["val_f1", "other"])
def test_an_unknown_monitor_is_an_error_that_names_the_known_before_training(monitor):
    model = small_model()
    judge, before = Judge(model, [0.5]), weights_of(model)
    with pytest.raises(ConfigError, match=rf"\['val_loss', 'val_other'\].*'{monitor}'"):
        train(
            model,
            batches_of(),
            validate=judge,
            metrics=("loss", "other"),
            monitor=monitor,
        )
    assert not judge.seen
    np.testing.assert_array_equal(weights_of(model)["top/bias"], before["top/bias"])


def test_a_validation_without_a_metric_that_was_named_is_an_error():
    with pytest.raises(ConfigError, match=r"\['loss', 'f1'\].*\['loss', 'other'\]"):
        judged([0.5], metrics=("loss", "f1"))


def test_metrics_of_the_validation_are_in_the_record():
    *_, history = judged([0.5, 0.25])
    assert [epoch["val_loss"] for epoch in history.epochs] == [0.5, 0.25]
    assert [epoch["val_other"] for epoch in history.epochs] == [0.5, 0.5]
