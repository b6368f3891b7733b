"""Each sequence back to front, as a layer."""

from typing import Any

import keras

from kewen.ops import reverse_tokens

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class ReverseTokens(keras.layers.Layer):
    """Reverse the tokens of every row, and leave padding where it is.

    Call arguments:
        inputs: float, (B, T, C).
        padding_mask: bool, (B, T). True where a token is.

    Returns:
        Float, (B, T, C).

    Source: lesson 6810; see `kewen.ops.reverse_tokens`.
    """

    def call(self, inputs: Tensor, padding_mask: Tensor) -> Tensor:
        return reverse_tokens(inputs, padding_mask)

    def compute_output_spec(self, inputs: Any, padding_mask: Any) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        # Keras' automatic config refuses a dtype policy that is given as an object.
        return super().get_config()
