"""The attention map of a layer that is already part of a model."""

from typing import Any

import keras

from kewen.layers.attention.multi_head import MultiHeadAttention

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class ScoresOf(keras.layers.Layer):
    """Asks a `MultiHeadAttention` for its probabilities, with the weights it has.

    A layer of its own, because Keras' functional graph takes it that every call of one
    layer returns the same structure.

    Args:
        attention: the layer to ask. It is shared, not copied.

    Call arguments: those of `attention`.

    Returns:
        Float, (B, H, T, S).
    """

    def __init__(self, attention: MultiHeadAttention, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = attention

    def call(self, inputs: Tensor, **kwargs: Any) -> Tensor:
        return self.attention(inputs, **kwargs, return_scores=True)[1]

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> keras.KerasTensor:
        return self.attention.compute_output_spec(inputs, **kwargs, return_scores=True)[
            1
        ]

    def get_config(self) -> dict[str, Any]:
        layer = keras.saving.serialize_keras_object(self.attention)
        return {**super().get_config(), "attention": layer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ScoresOf":
        layer = keras.saving.deserialize_keras_object(config.pop("attention"))
        return cls(layer, **config)
