"""Training on a file that stays on the disk."""

import numpy as np
import pytest
from small import small_model, streamed_batches_of, train, weights_of, write_rows

from kewen.data import blocks as blocks_module
from kewen.errors import ConfigError, DataError

LENGTHS = (5,) * 10 + (14,) * 9


class Killed(BaseException):
    """Stands for kill -9: nothing after it may be relied upon."""


@pytest.fixture(autouse=True)
def blocks_of_three_lines(monkeypatch):
    monkeypatch.setattr(blocks_module, "BLOCK_LINES", 3)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, LENGTHS)
    return path


def run(file, state=None, kill_after=None, **options):
    """Three epochs of five steps, in three windows; or until it is killed."""
    model = small_model(dropout=0.4)
    wanted = {"batch_size": 4, "window": 8, "seed": 3} | options
    batches = streamed_batches_of(file, LENGTHS, **wanted)
    if kill_after is not None:
        epoch, given = batches.epoch, []

        def dying(*place):
            for batch in epoch(*place):
                if len(given) == kill_after:
                    raise Killed
                given.append(batch)
                yield batch

        batches.epoch = dying
    saving = {"checkpoint": state, "checkpoint_steps": 1} if state else {}
    history = train(model, batches, epochs=3, warmup=0.2, seed=5, **saving)
    return weights_of(model), history.loss


@pytest.mark.parametrize("kill_after", [1, 3, 4, 5, 8, 14])
def test_a_killed_run_ends_bit_for_bit_as_one_that_was_not(tmp_path, file, kill_after):
    whole, losses = run(file)
    with pytest.raises(Killed):
        run(file, tmp_path / "state", kill_after)
    weights, found = run(file, tmp_path / "state")
    assert found == losses
    for path, value in weights.items():
        np.testing.assert_array_equal(value, whole[path], err_msg=path)


@pytest.mark.parametrize(
    ("options", "name"),
    [({"seed": 4}, "batches"), ({"window": 12}, "batches"), ({}, "training data")],
    ids=str,
)
def test_another_order_or_file_is_refused_by_name(tmp_path, file, options, name):
    with pytest.raises(Killed):
        run(file, tmp_path / "state", 4)
    if name == "training data":
        content = file.read_text()
        file.write_text(content.replace('"label": "2"', '"label": "1"', 1))
    with pytest.raises(ConfigError, match=f"another training: {name} was"):
        run(file, tmp_path / "state", **options)


def test_a_file_that_changes_while_it_is_trained_on_stops_the_training(file):
    batches = streamed_batches_of(file, LENGTHS, batch_size=4, window=8)
    file.write_text(file.read_text()[:-9])
    with pytest.raises(DataError, match="must stay as it is"):
        train(small_model(), batches)
