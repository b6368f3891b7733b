"""What happened during a training."""

import dataclasses
from typing import Any


@dataclasses.dataclass
class History:
    """The record that `fit` returns.

    Attributes:
        loss: training loss of each step.
        epochs: for each epoch, `epoch` (from 1), `loss` (mean of its steps), `seconds`,
            and the validation's metrics as `val_...`.
        best_epoch: the one whose weights the model has now.
        shapes: how many shapes (B, T) the batches had; a step is compiled for each.
        padding_share: how much of what was computed was padding, from 0 to 1.
    """

    loss: list[float] = dataclasses.field(default_factory=list)
    epochs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    shapes: int = 0
    padding_share: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON and for the report."""
        return dataclasses.asdict(self)
