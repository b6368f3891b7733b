"""One vector for a sequence, blind to padding."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError

Tensor = Any
MODES = ("first", "cls", "mean", "max")


@keras.saving.register_keras_serializable("kewen")
class Pooling(keras.layers.Layer):
    """One token's vector, or the mean or maximum over all tokens.

    Args:
        mode: "first" is the first column, be it padding or not, as BERT's pooler and
            RoBERTa's classifier have it; "cls" is the first token, which left padding
            does not move; "mean" and "max" are over tokens.

    Call arguments:
        inputs: float, (B, T, C).
        padding_mask: bool, (B, T). True where a token is.

    Returns:
        Float, (B, C); except for "first", zeros where a row has no token at all.
    """

    def __init__(self, mode: str = "cls", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ConfigError(f"A pooling must be one of {MODES}. Received: {mode!r}.")
        self.mode = mode

    def call(self, inputs: Tensor, padding_mask: Tensor) -> Tensor:
        if self.mode == "first":
            return inputs[:, 0]
        is_token = ops.cast(padding_mask, "bool")
        if self.mode == "cls":
            first = ops.argmax(ops.cast(is_token, "int32"), axis=1)
            picked = ops.take_along_axis(inputs, first[:, None, None], axis=1)[:, 0]
            return ops.where(ops.any(is_token, axis=1)[:, None], picked, 0.0)
        if self.mode == "mean":
            # In float32: a sum overflows float16, and bfloat16 cannot count to 257.
            weights = ops.cast(is_token, "float32")[:, :, None]
            total = ops.sum(ops.cast(inputs, "float32") * weights, axis=1)
            mean = total / ops.maximum(ops.sum(weights, axis=1), 1)
            return ops.cast(mean, inputs.dtype)
        # Finite: a maximum over nothing must give zero, not -inf * 0.
        low = ops.where(is_token[:, :, None], inputs, ops.cast(-6e4, inputs.dtype))
        highest = ops.max(low, axis=1)
        return ops.where(ops.any(is_token, axis=1)[:, None], highest, 0.0)

    def compute_output_spec(self, inputs: Any, padding_mask: Any) -> keras.KerasTensor:
        batch, _, width = inputs.shape
        return keras.KerasTensor((batch, width), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
