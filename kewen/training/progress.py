"""How a training shows itself: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class ProgressBar(keras.callbacks.Callback):
    """A bar for each epoch, and a line of its figures that stays."""

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self.epochs, self.steps = epochs, steps
        self.console = Console(file=sys.stderr)
        self.done = 0  # steps of the first epoch that an earlier run has made

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()
        self.progress = Progress(
            TextColumn(f"epoch {epoch + 1}/{self.epochs}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("", total=self.steps, loss="-")
        self.progress.update(self.task, completed=self.done)
        self.done = 0
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.progress.update(self.task, advance=1, loss=f"{float(logs['loss']):.4f}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.progress.stop()
        self.console.print(epoch_line(epoch, self.epochs, self.started, logs))

    def on_train_end(self, logs: Any = None) -> None:
        self.stop()

    def stop(self) -> None:
        """Give the terminal back, after an error too."""
        if hasattr(self, "progress"):
            self.progress.stop()


class ProgressLines(keras.callbacks.Callback):
    """A line at each tenth of an epoch, and one at its end."""

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self.epochs, self.steps = epochs, steps
        self.every = max(1, steps // 10)
        self.done = 0  # steps of the first epoch that an earlier run has made

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = self.done + batch + 1
        if step % self.every == 0 and step < self.steps:
            loss = float(logs["loss"])
            self._say(
                f"epoch {self.epoch + 1}/{self.epochs}, step {step}/{self.steps}: "
                f"loss {loss:.4f}"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.done = 0
        self._say(epoch_line(epoch, self.epochs, self.started, logs))

    def stop(self) -> None:
        """Nothing to give back."""

    def _say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def progress_for(epochs: int, steps: int) -> ProgressBar | ProgressLines:
    """The bar if somebody is looking, else the lines."""
    kind = ProgressBar if sys.stderr.isatty() else ProgressLines
    return kind(epochs, steps)


def epoch_line(epoch: int, epochs: int, started: float, logs: Any) -> str:
    """`epoch 1/3: loss 0.4321, val_loss ..., 71 s`."""
    figures = ", ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
    seconds = time.perf_counter() - started
    return f"epoch {epoch + 1}/{epochs}: {figures}, {seconds:.0f} s"
