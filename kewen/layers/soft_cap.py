"""A bound for logits that gradients still pass."""

from typing import Any

import keras

from kewen.ops import soft_cap

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class SoftCap(keras.layers.Layer):
    """`cap * tanh(inputs / cap)`; see `kewen.ops.soft_cap`.

    Args:
        cap: no output is beyond it.

    Call arguments:
        inputs: float, any shape.

    Returns:
        Float, of that shape.
    """

    def __init__(self, cap: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cap = cap

    def call(self, inputs: Tensor) -> Tensor:
        return soft_cap(inputs, self.cap)

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cap": self.cap}
