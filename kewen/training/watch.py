"""Callbacks: the record, the validation, and the alarm."""

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

    def __init__(self, history: History, sizes: Sequence[int]) -> None:
        super().__init__()
        self.history = history
        self.sizes = sizes

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._mean, self._count = 0.0, 0
        self._started = time.perf_counter()

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
