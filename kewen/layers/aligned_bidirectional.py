"""A recurrent layer in both directions, each of which begins at a token."""

from typing import Any, Self

import keras
from keras import ops

from kewen.errors import ConfigError

Tensor = Any
MERGE_MODES = ("concat", "sum", "mul", "ave")


@keras.saving.register_keras_serializable("kewen")
class AlignedBidirectional(keras.layers.Layer):
    """Keras' `Bidirectional` that cannot be called without knowing the padding.

    Without a mask the backward direction reads the pads of a short text first, and what
    a text gets depends on how long its neighbours are. With one, both directions skip
    pads: the backward one begins at the last token. The author's own remedy, reversing
    the tokens only (`kewen.ops.reverse_tokens`), gives the same numbers.

    Args:
        layer: a recurrent layer, as `keras.layers.LSTM(64, return_sequences=True)`.
        backward_layer: for the other direction; if None, a copy of `layer` with weights
            of its own. It must have `go_backwards=True`, as for Keras.
        merge_mode: how both become one: "concat", "sum", "mul", "ave".

    Call arguments:
        inputs: float, (B, T, C).
        padding_mask: bool, (B, T). True where a token is; pads stand on either side.

    Returns:
        With `return_sequences`, float, (B, T, U), zeros at pads; else (B, U): the state
        after the last token and that after the first. U is twice the layer's units with
        "concat". A row without tokens gives zeros.

    Source: Schuster and Paliwal, 1997 (bidirectional networks); lesson 6810 (padding).
    """

    def __init__(
        self,
        layer: Any,
        backward_layer: Any = None,
        merge_mode: str = "concat",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if merge_mode not in MERGE_MODES:
            raise ConfigError(
                f"merge_mode must be one of {MERGE_MODES}. Received: {merge_mode!r}."
            )
        self.both = keras.layers.Bidirectional(
            layer,
            merge_mode=merge_mode,
            backward_layer=backward_layer,
            dtype=self.dtype_policy,
            name="both",
        )

    def build(self, inputs_shape: Any, padding_mask_shape: Any = None) -> None:
        self.both.build(inputs_shape)

    def call(
        self, inputs: Tensor, padding_mask: Tensor, training: bool | None = None
    ) -> Tensor:
        is_token = ops.cast(padding_mask, "bool")
        outputs = self.both(inputs, mask=is_token, training=training)
        outputs = ops.cast(outputs, self.compute_dtype)  # the inner layer has its own
        if not self.both.return_sequences:
            is_token = ops.any(is_token, axis=1)
        return ops.where(is_token[..., None], outputs, 0.0)

    def get_config(self) -> dict[str, Any]:
        inner = self.both.get_config()
        own = {key: inner.get(key) for key in ("layer", "backward_layer", "merge_mode")}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                made = keras.saving.deserialize_keras_object(config.pop(name))
                config[name] = made
        return cls(**config)
