"""The whole state of a training on the disk, so that a killed one can go on.

A run that was killed and started again ends with the same bytes as one that was not:
everything that the next step depends on is in the state. Weights, the optimizer's
slots, random states and running sums are tensors; places and records are JSON. The
order of the rows is no state: it follows from seed, epoch and step.
"""

import dataclasses
import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kewen.checkpoints import open_checkpoint, write_safetensors
from kewen.errors import CheckpointError, ConfigError
from kewen.files import Rotation
from kewen.training.history import History
from kewen.training.watch import BestWeights, Recorder

TENSORS, RECORD = "state.safetensors", "state.json"
KEPT = 2  # states; the one before the last is there if the last is damaged
SECONDS = 600.0  # between two states, unless steps are counted


class RestartWarning(UserWarning):
    """A state could not be read, and an older one was taken."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a training stands: `step` batches of `epoch` (from 0) are done."""

    epoch: int = 0
    step: int = 0
    finished: bool = False  # no epoch is left, or patience is at its end


class Restart(keras.callbacks.Callback):
    """Saves the state at the end of each epoch and now and then within one.

    Args:
        folder: of the states; made with the first.
        identity: what makes this training the one it is, by name; plain JSON. A state
            of a training with another identity is refused.
        steps: steps of the epoch between two states within it; None for ten minutes.
        epochs: of the whole training.
        batches: steps of an epoch.
        recorder: whose record is a part of the state.
        best: whose weights are a part of it, if epochs are compared.
    """

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, Any],
        *,
        steps: int | None,
        epochs: int,
        batches: int,
        recorder: Recorder,
        best: BestWeights | None,
    ) -> None:
        super().__init__()
        self.rotation = Rotation(folder, keep=KEPT, manifest="training.json")
        # As JSON gives it back: tuples as lists.
        self.identity = json.loads(json.dumps(identity))
        self.steps = steps
        self.epochs, self.batches = epochs, batches
        self.recorder, self.best = recorder, best
        self.epoch = self.offset = 0
        self._saved_at = time.monotonic()

    def resume(self, model: keras.Model) -> Place:
        """Put the model where the newest sound state has it.

        Args:
            model: compiled, its optimizer built.

        Returns:
            Where to go on; the beginning if there is no state.

        Raises:
            ConfigError: if the state is that of another training.
            CheckpointError: if there are states and none can be read.
            FileError: if the folder cannot be written; later would be too late.
        """
        self.rotation.prepare()
        found = self.rotation.finished()
        for folder in found:
            try:
                place = self._restored(model, folder)
            except (CheckpointError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, ConfigError):
                    raise
                warnings.warn(
                    f"{folder} is damaged and was passed over: {error}",
                    RestartWarning,
                    stacklevel=2,
                )
                continue
            self.epoch, self.offset = place.epoch, place.step
            return place
        if found:
            raise CheckpointError(
                f"{self.rotation.folder} must hold the state of a training. Received: "
                f"{len(found)} that cannot be read. Remove the folder to begin anew."
            )
        return Place()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self._sums is not None:  # Keras has just set the running mean to 0
            for variable, value in zip(
                self.model.metrics_variables, self._sums, strict=True
            ):
                variable.assign(value)
            self._sums = None

    _sums: list[np.ndarray] | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        done = self.offset + batch + 1
        if done >= self.batches:
            return  # the end of the epoch has its own, with the validation
        late = time.monotonic() - self._saved_at >= SECONDS
        if late if self.steps is None else done % self.steps == 0:
            self._save(Place(self.epoch, done))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.offset = 0
        last = epoch + 1 == self.epochs or bool(self.model.stop_training)
        self._save(Place(epoch + 1, 0, last))

    def _save(self, place: Place) -> None:
        model: Any = self.model
        if hasattr(model, "jax_state_sync"):  # JAX keeps the state to itself meanwhile
            model.jax_state_sync()
        tensors = {name: _array(value) for name, value in _state_of(model).items()}
        for number, variable in enumerate(model.metrics_variables):
            tensors[f"sum/{number}"] = _array(variable)
        if self.best is not None and self.best.weights is not None:
            for number, value in enumerate(self.best.weights):
                tensors[f"best/{number}"] = _array(value)
        record = {
            "identity": self.identity,
            "place": dataclasses.asdict(place),
            "history": self.recorder.history.as_dict(),
            "recorder": self.recorder.state(),
            "best": None if self.best is None else self.best.state(),
        }
        name = f"epoch-{place.epoch:04d}-step-{place.step:08d}"
        with self.rotation.write_folder(name) as folder:
            write_safetensors(folder / TENSORS, tensors)
            (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")
        self._saved_at = time.monotonic()

    def _restored(self, model: Any, folder: Path) -> Place:
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise CheckpointError(
                f"{folder / RECORD} cannot be read: {error}"
            ) from None
        self._check_identity(record["identity"])
        place = Place(**record["place"])
        history = History(**record["history"])
        with open_checkpoint(folder / TENSORS) as stored:
            state = _state_of(model)
            values = {name: stored[name] for name in state}
            for name, variable in state.items():
                if tuple(variable.shape) != values[name].shape:
                    raise CheckpointError(f"{name} has another shape in {folder}.")
            sums = [stored[name] for name in _numbered("sum", stored)]
            best = [stored[name] for name in _numbered("best", stored)]
        # Nothing can fail from here on, so no half of a state is left in the model.
        for name, variable in state.items():
            variable.assign(values[name])
        self._sums = sums if place.step else None
        self.recorder.restore(history, record["recorder"] if place.step else None)
        if self.best is not None:
            self.best.restore(record["best"], best or None)
        return place

    def _check_identity(self, stored: Mapping[str, Any]) -> None:
        names = sorted({*stored, *self.identity})
        other = [x for x in names if stored.get(x) != self.identity.get(x)]
        if other:
            differ = "; ".join(
                f"{x} was {_short(stored.get(x))}, is {_short(self.identity.get(x))}"
                for x in other
            )
            raise ConfigError(
                f"{self.rotation.folder} holds the state of another training: {differ}."
                " Give the same data and settings to go on with it; or begin anew with "
                "another folder, or without this one (--no-resume on the command line)."
            )


def remove_state(folder: str | Path) -> None:
    """Delete the states that a training left in a folder, and nothing else."""
    Rotation(folder, keep=KEPT, manifest="training.json").remove()


def has_state(folder: str | Path) -> bool:
    """Whether a training left a state there to go on from."""
    rotation = Rotation(folder, keep=KEPT, manifest="training.json")
    return rotation.latest is not None


def digest_of_model(model: keras.Model) -> str:
    """The SHA-256 of all weights and random states, in their order."""
    digest = hashlib.sha256()
    for variable in model.variables:
        array = _array(variable)
        digest.update(f"{array.dtype} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _state_of(model: Any) -> dict[str, Any]:
    """Every variable that the next step depends on.

    Numbered: paths may repeat, and hold counters that differ from process to process.
    """
    groups = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {
        f"{group}/{number}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }


def _numbered(group: str, stored: Mapping[str, Any]) -> list[str]:
    count = sum(name.startswith(f"{group}/") for name in stored)
    return [f"{group}/{number}" for number in range(count)]


def _array(value: Any) -> np.ndarray:
    array = np.asarray(keras.ops.convert_to_numpy(value))
    # A copy, at least one dimension kept: `ascontiguousarray` makes vectors of scalars.
    return np.array(array, order="C", copy=True)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:18]}...{text[-8:]}"
