"""One vector for a sequence, blind to padding."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError
from kewen.ops import masked_max, masked_mean, masked_std

Tensor = Any
_OVER_TOKENS = {"mean": masked_mean, "max": masked_max, "std": masked_std}
MODES = ("first", "cls", "last", *_OVER_TOKENS)


@keras.saving.register_keras_serializable("kewen")
class Pooling(keras.layers.Layer):
    """One token's vector, or the mean, maximum or deviation over all tokens.

    Args:
        mode: "first" is the first column, be it padding or not, as BERT's pooler and
            RoBERTa's classifier have it; "cls" is the first token, which left padding
            does not move; "last" is the last token; "mean", "max" and "std" are over
            tokens.

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
        if self.mode in ("cls", "last"):
            places = ops.cast(is_token, "int32")
            if self.mode == "last":
                places = places * ops.cumsum(ops.ones_like(places), axis=1)
            chosen = ops.argmax(places, axis=1)
            picked = ops.take_along_axis(inputs, chosen[:, None, None], axis=1)[:, 0]
            return ops.where(ops.any(is_token, axis=1)[:, None], picked, 0.0)
        return _OVER_TOKENS[self.mode](inputs, is_token)

    def compute_output_spec(self, inputs: Any, padding_mask: Any) -> keras.KerasTensor:
        batch, _, width = inputs.shape
        return keras.KerasTensor((batch, width), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
