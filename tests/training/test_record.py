"""What a training tells: its record, its alarm, and its progress."""

import json
import re
import sys

import keras
import numpy as np
import pytest
from small import batches_of, loss_by_hand, small_model, train

from kewen.errors import MissingExtraError, TrainingError
from kewen.training import fit, predict_rows
from kewen.training.run import log_losses

# Two buckets by token budget: batches of 8 and of 4 rows, fillers in the last.
UNEQUAL = (5,) * 10 + (14,) * 9


def unequal(**options):
    return batches_of(UNEQUAL, tokens_per_batch=64, **options)


def test_loss_of_each_step_is_that_of_its_batch_alone():
    model, batches = small_model(), unequal(shuffle=True)
    history = train(model, batches, epochs=2, learning_rate=0.0)
    wanted = [
        loss_by_hand(model, batch) for epoch in (0, 1) for batch in batches.epoch(epoch)
    ]
    assert {len(batch.labels) for batch in batches.epoch(0)} == {4, 8}
    assert len(history.loss) == 2 * len(batches)
    np.testing.assert_allclose(history.loss, wanted, rtol=1e-5)


def test_weights_of_rows_enter_the_loss_of_the_step():
    model = small_model()
    weights = np.linspace(0, 3, 8)
    batches = batches_of(weights=weights, batch_size=4)
    history = train(model, batches, learning_rate=0.0)
    wanted = [loss_by_hand(model, batch) for batch in batches.epoch(0)]
    np.testing.assert_allclose(history.loss, wanted, rtol=1e-5)


def test_record_counts_the_compilations_that_jax_did():
    if keras.backend.backend() != "jax":
        pytest.skip("only JAX compiles a step for each shape")
    from kewen.losses import CrossEntropy

    traced = []

    class Counting(CrossEntropy):
        def call(self, y_true, y_pred):
            traced.append(y_pred.shape)
            return super().call(y_true, y_pred)

    batches = unequal(shuffle=True)
    model = small_model()
    # Without a validation, the loss is compiled once more to see where it ended.
    options = {"epochs": 2, "progress": False, "validate": lambda: {"loss": 1.0}}
    history = fit(model, batches, loss=Counting(), **options)
    # The first batch's shape is also walked through once without compiling.
    assert history.shapes == len(batches.shapes) == 2
    assert len(traced) - 1 == history.shapes


def test_record_is_plain_numbers():
    history = train(small_model(), batches_of((8,) * 7, batch_size=4), epochs=2)
    record = json.loads(json.dumps(history.as_dict()))
    assert record["padding_share"] == pytest.approx(1 / 8)
    assert [epoch["epoch"] for epoch in record["epochs"]] == [1, 2]
    assert record["epochs"][1]["loss"] == pytest.approx(np.mean(record["loss"][2:]))


def test_a_loss_that_is_no_number_stops_the_training_and_names_the_step():
    model = small_model()
    model.get_layer("top").bias.assign([np.inf, 0, 0])
    with pytest.raises(TrainingError, match="nan at step 1"):
        train(model, batches_of(batch_size=4))


def test_a_learning_rate_that_blows_up_is_caught_at_its_step():
    with pytest.raises(TrainingError, match=r"at step 2\..*smaller learning rate"):
        train(small_model(), batches_of(batch_size=4), learning_rate=1e30)


# One step: only the update after its loss breaks the model.
@pytest.mark.parametrize("rate", [1e30, 3e38])
def test_a_learning_rate_that_blows_up_at_the_last_step_is_caught_too(rate):
    with pytest.raises(TrainingError, match=r"after the last step\..*smaller"):
        train(small_model(), batches_of(), learning_rate=rate)


def test_a_metric_that_is_no_number_stops_the_training_and_names_its_epoch():
    scores = iter([0.3, np.nan])
    with pytest.raises(TrainingError, match=r"val_loss .* nan after epoch 2\."):
        train(
            small_model(),
            batches_of(),
            epochs=3,
            validate=lambda: {"loss": next(scores)},
        )


@pytest.fixture
def no_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)


def test_without_a_terminal_progress_is_plain_lines_on_stderr(capsys, no_terminal):
    train(small_model(), batches_of((8,) * 6, batch_size=2), progress=True, epochs=2)
    said = capsys.readouterr()
    assert said.out == ""
    number = r"\d+\.\d{4}"
    assert re.fullmatch(
        rf"(epoch 1/2, step [12]/3: loss {number}\n){{2}}"
        rf"epoch 1/2: loss {number}, \d+ s\n"
        rf"(epoch 2/2, step [12]/3: loss {number}\n){{2}}"
        rf"epoch 2/2: loss {number}, \d+ s\n",
        said.err,
    )


def test_progress_can_be_silent(capsys):
    train(small_model(), batches_of(), progress=False)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_each_epoch_leaves_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(small_model(), batches_of(), progress=True)
    said = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", capsys.readouterr().err)
    assert re.fullmatch(r"epoch 1/1: loss \d\.\d{4}, \d+ s", said.splitlines()[-1])


def test_event_files_without_the_extra_are_an_error_that_names_it(
    monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.delitem(sys.modules, "kewen.training.event_files", raising=False)
    with pytest.raises(MissingExtraError, match=r"\[tensorboard\]"):
        train(small_model(), batches_of(), tensorboard=str(tmp_path / "events"))
    assert not list(tmp_path.iterdir())


def test_event_files_are_written_where_the_extra_is_there(tmp_path):
    pytest.importorskip("tensorboardX")
    train(small_model(), batches_of(), tensorboard=str(tmp_path / "events"))
    assert [path.stat().st_size > 0 for path in (tmp_path / "events").iterdir()]


def test_results_come_in_the_order_of_the_rows_and_without_fillers():
    model = small_model()
    batches = batches_of((14, 3, 9, 5, 16), batch_size=2)
    results = predict_rows(model, batches)
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    wanted = np.full((5, 3), np.nan)
    for batch in batches.epoch(0):
        hidden = weights["table/embeddings"][batch.inputs["token_ids"]].mean(axis=1)
        logits = hidden @ weights["top/kernel"] + weights["top/bias"]
        for line, row in enumerate(batch.indices):
            if row >= 0:
                wanted[row] = logits[line]
    np.testing.assert_allclose(results, wanted, atol=1e-6)


def test_log_losses_are_those_of_the_softmax():
    logits = np.array([[0.0, np.log(3.0)], [900.0, 0.0]])
    np.testing.assert_allclose(
        log_losses(logits, np.array([0, 1])), [np.log(4.0), 900.0]
    )
