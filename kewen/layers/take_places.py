"""Some columns of each row."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class TakePlaces(keras.layers.Layer):
    """The hidden states at certain places of each row, so that only these are scored.

    Call arguments:
        hidden: float, (B, T, C).
        places: int, (B, K), from 0 to T - 1.

    Returns:
        Float, (B, K, C).
    """

    def call(self, hidden: Tensor, places: Tensor) -> Tensor:
        shape: Any = ops.shape(hidden)
        rows, length, width = shape
        # By number in all rows together, so that whole vectors are moved.
        first = ops.arange(rows, dtype="int32") * length
        flat = ops.reshape(ops.cast(places, "int32") + first[:, None], (-1,))
        taken = ops.take(ops.reshape(hidden, (-1, width)), flat, axis=0)
        return ops.reshape(taken, (-1, ops.shape(places)[1], width))

    def compute_output_spec(self, hidden: Any, places: Any) -> keras.KerasTensor:
        shape = (hidden.shape[0], places.shape[1], hidden.shape[2])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        # Keras' automatic config refuses a dtype policy that is given as an object.
        return super().get_config()
