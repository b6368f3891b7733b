"""A training that was killed and started again ends as one that was not."""

import json
import os
import subprocess

import keras
import numpy as np
import pytest
from small import batches_of, small_model, train, weights_of

from kewen.errors import CheckpointError, ConfigError, FileError
from kewen.training.restart import RestartWarning, has_state, remove_state

LENGTHS = (5,) * 10 + (14,) * 9


class Killed(BaseException):
    """Stands for kill -9: nothing after it may be relied upon."""


def run(folder, kill_after=None, monkeypatch=None, **options):
    """Train three epochs; or as many steps as it takes to be killed."""
    model = small_model(dropout=0.4)
    batches = batches_of(LENGTHS, batch_size=4, shuffle=True, seed=3)
    scores = {1: 0.5, 2: 0.3, 3: 0.4}

    def validate():
        # A score that follows from the weights, so that a restart cannot cheat.
        top = np.asarray(model.get_layer("top").kernel)
        return {"loss": float(np.abs(top).sum())}

    if kill_after is not None:
        steps = {"left": kill_after}
        real = batches._batch

        def counted(planned):
            if steps["left"] == 0:
                raise Killed
            steps["left"] -= 1
            return real(planned)

        batches._batch = counted
    wanted = {"epochs": len(scores), "validate": validate, "warmup": 0.2}
    wanted |= {"checkpoint": folder, "seed": 5}
    if folder is not None:
        wanted["checkpoint_steps"] = 2
    history = train(model, batches, **(wanted | options))
    return model, history


def plain(history):
    record = history.as_dict()
    for epoch in record["epochs"]:
        del epoch["seconds"]
    return record


def assert_same_run(one, other):
    for path, value in weights_of(one[0]).items():
        np.testing.assert_array_equal(value, weights_of(other[0])[path], err_msg=path)
    assert plain(one[1]) == plain(other[1])


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"patience": 1}], ids=str)
@pytest.mark.parametrize("kill_after", [2, 4, 6, 9])
def test_a_killed_run_ends_bit_for_bit_as_one_that_was_not(
    tmp_path, kill_after, options
):
    whole = run(None, **options)
    with pytest.raises(Killed):
        run(tmp_path / "state", kill_after, **options)
    assert has_state(tmp_path / "state")
    assert_same_run(run(tmp_path / "state", **options), whole)


def test_a_run_may_be_killed_again_and_again(tmp_path):
    whole = run(None)
    for _ in range(4):
        with pytest.raises(Killed):
            run(tmp_path / "state", kill_after=4)
    assert_same_run(run(tmp_path / "state"), whole)


def test_saving_changes_nothing(tmp_path):
    assert_same_run(run(tmp_path / "state"), run(None))


def test_a_finished_run_comes_back_without_a_step(tmp_path):
    whole = run(tmp_path / "state")
    assert_same_run(run(tmp_path / "state", kill_after=1), whole)


def test_loss_scaling_goes_on_where_it_was(tmp_path):
    if keras.backend.backend() != "jax":
        pytest.skip("one backend is enough for this")

    def once(folder, epochs):
        model = small_model(dtype="mixed_float16")
        options = {"checkpoint": folder} if folder else {}
        batches = batches_of((8,) * 8, batch_size=4)
        train(model, batches, epochs=epochs, **options)
        return model

    whole, resumed = once(None, 2), once(tmp_path / "s", 2)
    for path, value in weights_of(whole).items():
        np.testing.assert_array_equal(value, weights_of(resumed)[path])


@pytest.mark.parametrize(
    "options",
    [{"learning_rate": 0.01}, {"epochs": 4}, {"seed": 6}, {"identity": {"dev": "x"}}],
    ids=str,
)
def test_other_settings_are_refused_by_name_and_the_state_stays(tmp_path, options):
    with pytest.raises(Killed):
        run(tmp_path / "state", 6)
    name = next(iter(options))
    with pytest.raises(ConfigError, match="dev was" if "dev" in str(options) else name):
        run(tmp_path / "state", **options)
    assert_same_run(run(tmp_path / "state"), run(None))


def test_other_data_is_refused(tmp_path):
    options = {"checkpoint": tmp_path / "state"}
    train(small_model(), batches_of((8,) * 8), **options)
    with pytest.raises(ConfigError, match=r"training data was .* begin anew"):
        train(small_model(), batches_of((8,) * 7 + (7,)), **options)


def test_a_damaged_state_is_passed_over_for_the_one_before(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path / "state", 6)
    newest = sorted((tmp_path / "state").glob("epoch-*"))[-1]
    file = newest / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.warns(RestartWarning, match="passed over"):
        resumed = run(tmp_path / "state")
    assert_same_run(resumed, run(None))


def test_states_of_which_none_can_be_read_are_an_error(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path / "state", 6)
    for path in (tmp_path / "state").glob("epoch-*/state.json"):
        path.write_text("{")
    with pytest.warns(RestartWarning), pytest.raises(CheckpointError, match="begin"):
        run(tmp_path / "state")


def test_only_the_states_are_removed(tmp_path):
    folder = tmp_path / "state"
    run(folder)
    (folder / "notes").write_text("mine")
    remove_state(folder)
    assert [path.name for path in folder.iterdir()] == ["notes"]


def test_two_states_are_kept(tmp_path):
    run(tmp_path / "state")
    assert len(list((tmp_path / "state").glob("epoch-*"))) == 2
    record = json.loads((tmp_path / "state" / "training.json").read_text())
    assert len(record["written"]) == 2


def test_steps_without_a_folder_are_refused():
    with pytest.raises(ConfigError, match="checkpoint="):
        run(None, checkpoint_steps=3)


def test_a_folder_that_cannot_be_written_is_said_before_the_first_step(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        run(tmp_path / "file" / "state", kill_after=0)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few states; root alone can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs root")
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_said_and_the_training_goes_on_once_there_is_room(small_disk):
    state = small_disk / "state"
    with pytest.raises(Killed):
        run(state, kill_after=4)
    before = sorted(path.name for path in state.rglob("*"))
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 1024)
    with pytest.raises(FileError, match="disk is full"):
        run(state)
    assert sorted(path.name for path in state.rglob("*")) == before
    filler.unlink()
    assert_same_run(run(state), run(None))


def test_progress_of_a_killed_epoch_goes_on_with_its_own_steps(tmp_path, capsys):
    with pytest.raises(Killed):
        run(tmp_path / "state", kill_after=3)
    capsys.readouterr()
    run(tmp_path / "state", progress=True)
    said = [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert said[:2] == ["epoch 1/3, step 3/5", "epoch 1/3, step 4/5"]
    assert "epoch 2/3, step 1/5" in said
