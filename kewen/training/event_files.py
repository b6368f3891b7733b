"""A training as TensorBoard shows it; the extra `tensorboard`.

Keras' own callback writes through TensorFlow, which nobody should need for a curve.
"""

from typing import Any

import keras
from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]


class EventFiles(keras.callbacks.Callback):
    """Writes the loss of every step and the metrics of every epoch.

    Args:
        folder: where the event file goes.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.writer = SummaryWriter(folder)
        self.step = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        self.writer.add_scalar("loss/step", float(logs["loss"]), self.step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in (logs or {}).items():
            self.writer.add_scalar(f"{name}/epoch", float(value), epoch + 1)
        self.writer.flush()

    def stop(self) -> None:
        """Close the file, after an error too."""
        self.writer.close()
