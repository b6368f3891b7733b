"""A learned offset and nothing else."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class Bias(keras.layers.Layer):
    """Adds one learned number to each feature: what a tied output layer still needs.

    Call arguments:
        inputs: float, (..., V).

    Returns:
        Float, (..., V).
    """

    def build(self, inputs_shape: Any) -> None:
        self.bias = self.add_weight(
            shape=(inputs_shape[-1],), initializer="zeros", name="bias"
        )

    def call(self, inputs: Tensor) -> Tensor:
        return inputs + ops.cast(self.bias, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        # Keras' automatic config refuses a dtype policy that is given as an object.
        return super().get_config()
