"""Cross-entropy of class numbers, smoothed if wished."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError
from kewen.ops import log_probability

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class CrossEntropy(keras.losses.Loss):
    """Mean of `-log p(label)`, weighted, from logits.

    Keras' own takes smoothing for one-hot labels only. The mean is over the weights
    (weight 0 counts nowhere, filler rows among them), as in torch.

    Args:
        label_smoothing: share of the target spread evenly over all L classes.

    Call arguments:
        y_true: int, (B,), or (B, T) of tokens.
        y_pred: float logits, (B, L), or (B, T, V).

    Source: Szegedy et al., 2016, section 7 (arXiv 1512.00567). Their epsilon is our
    `label_smoothing`.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        reduction: str = "mean_with_sample_weight",
        name: str = "cross_entropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 <= label_smoothing < 1:
            raise ConfigError(
                "label_smoothing must be at least 0 and less than 1. "
                f"Received: {label_smoothing}."
            )
        self.label_smoothing = label_smoothing

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        nll = -log_probability(y_pred, y_true)
        if not self.label_smoothing:
            return nll
        spread = -ops.mean(ops.log_softmax(ops.cast(y_pred, "float32"), -1), axis=-1)
        return (1 - self.label_smoothing) * nll + self.label_smoothing * spread

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
