"""The learning rate of BERT's fine-tuning: up in a line, down in a line."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("kewen")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 to `peak` over the warm-up, then falls to 0 at the last step.

    Step s (from 0) gets `peak * (s + 1) / (warmup_steps + 1)` while s < warmup_steps,
    then `peak * (total_steps - s) / (total_steps - warmup_steps)`: the first step is
    not lost to a rate of 0, as it is in transformers.

    Args:
        peak: highest learning rate.
        total_steps: steps of the whole training.
        warmup_steps: steps of the rise.

    Source: Devlin et al., 2019, appendix A.2 (arXiv 1810.04805).
    """

    def __init__(self, peak: float, total_steps: int, warmup_steps: int = 0) -> None:
        self.peak = peak
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        rise = (step + 1) / (self.warmup_steps + 1)
        fall = (self.total_steps - step) / max(1, self.total_steps - self.warmup_steps)
        share: Any = ops.where(step < self.warmup_steps, rise, ops.maximum(fall, 0.0))
        return self.peak * share

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
        }
