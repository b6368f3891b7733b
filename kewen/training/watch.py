"""Callbacks: the record, the validation, and the alarm."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kewen.errors import ConfigError, TrainingError
from kewen.training.checks import ADVICE
from kewen.training.history import History


class Recorder(keras.callbacks.Callback):
    """Keeps the loss of each step, and stops at the first that is not a number.

    Keras shows the mean over the epoch's lines so far; the step's own loss is the
    difference of two such sums.

    Args:
        history: what to fill.
        sizes: lines of each batch, in the order of the steps.
    """

    def __init__(self, history: History, sizes: list[int]) -> None:
        super().__init__()
        self.history = history
        self.sizes = sizes

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        mean, count, seconds = self._resumed or (0.0, 0, 0.0)
        self._mean, self._count = float(mean), int(count)
        self._started = time.perf_counter() - seconds
        self._resumed = None

    _resumed: Sequence[float] | None = None

    def state(self) -> list[float]:
        """What is known of the epoch that is under way: mean, lines, seconds."""
        return [self._mean, self._count, time.perf_counter() - self._started]

    def restore(self, history: History, state: Sequence[float] | None) -> None:
        """Go on with a record, and within an epoch if it has a state."""
        for field in dataclasses.fields(History):
            setattr(self.history, field.name, getattr(history, field.name))
        # Sizes count the batches from the beginning on; those that were done are known.
        self.sizes[:0] = [0] * len(history.loss)
        self._resumed = state

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        mean = float(logs["loss"])
        if not np.isfinite(mean):
            raise TrainingError(
                f"The loss must be a finite number. Received: {mean} at step "
                f"{len(self.history.loss) + 1}. {ADVICE}"
            )
        size = self.sizes[len(self.history.loss)]
        before = self._mean * self._count
        self._count += size
        self.history.loss.append((mean * self._count - before) / size)
        self._mean = mean

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.history.epochs.append(
            {
                "epoch": epoch + 1,
                "loss": self._mean,
                **{k: v for k, v in (logs or {}).items() if k.startswith("val_")},
                "seconds": time.perf_counter() - self._started,
            }
        )


class BestWeights(keras.callbacks.Callback):
    """Remembers the weights of the best epoch, the first of equals; may end early.

    Keras' `EarlyStopping` does the same, but forgets all when a training goes on.

    Args:
        monitor: the metric by which epochs are compared.
        falling: whether less of it is better.
        patience: epochs without a better one after which to stop; None for never.
    """

    def __init__(self, monitor: str, falling: bool, patience: int | None) -> None:
        super().__init__()
        self.monitor, self.falling, self.patience = monitor, falling, patience
        self.value: float | None = None
        self.waited = 0
        self.weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = float(logs[self.monitor])
        if self._is_better(value):
            self.value, self.waited = value, 0
            self.weights = self.model.get_weights()
            return
        self.waited += 1
        if self.patience is not None and self.waited >= self.patience:
            self.model.stop_training = True

    def state(self) -> dict[str, Any]:
        """What is known beside the weights."""
        return {"value": self.value, "waited": self.waited}

    def restore(self, state: Mapping[str, Any], weights: list[Any] | None) -> None:
        """Go on from a state."""
        self.value, self.waited = state["value"], state["waited"]
        self.weights = weights

    def _is_better(self, value: float) -> bool:
        if self.value is None:
            return True
        return value < self.value if self.falling else value > self.value


class Validation(keras.callbacks.Callback):
    """Adds `val_...` metrics at the end of an epoch, where later callbacks see them.

    Args:
        measure: gives metrics by name; called with the weights as they then are.
        names: those that it must give.
    """

    def __init__(
        self, measure: Callable[[], Mapping[str, float]], names: Sequence[str]
    ) -> None:
        super().__init__()
        self.measure = measure
        self.names = names

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        measured = self.measure()
        if not set(self.names) <= set(measured):
            raise ConfigError(
                f"validate must give the metrics that it was said to, "
                f"{list(self.names)}. Received: {list(measured)}. Name those in "
                "metrics=."
            )
        for name, value in measured.items():
            if not np.isfinite(value):
                raise TrainingError(
                    f"val_{name} must be a finite number. Received: {value} after "
                    f"epoch {epoch + 1}. {ADVICE}"
                )
            logs[f"val_{name}"] = float(value)
