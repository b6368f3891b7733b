"""Normalisation by length alone."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class RMSNorm(keras.layers.Layer):
    """`x / rms(x) * (offset + gamma)`, over the last axis.

    Statistics are computed in float32, whatever the dtype policy. Keras' own layer has
    neither `offset` nor a form without `gamma`.

    Args:
        epsilon: added to the mean of squares.
        scale: whether there is a `gamma`.
        offset: 1.0 where a model learns the difference to 1 (Gemma); `gamma` then
            begins at 0.

    Call arguments:
        inputs: float, (..., C).

    Returns:
        Float, (..., C).

    Source: Zhang and Sennrich, 2019, section 3 (arXiv 1910.07467). Their g is `gamma`.
    """

    def __init__(
        self,
        epsilon: float = 1e-6,
        scale: bool = True,
        offset: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.scale = scale
        self.offset = offset

    def build(self, inputs_shape: Any) -> None:
        if self.scale:
            first = keras.initializers.Constant(1.0 - self.offset)
            self.gamma = self.add_weight(
                shape=(inputs_shape[-1],), initializer=first, name="gamma"
            )

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, "float32")
        x = x * ops.rsqrt(ops.mean(x * x, axis=-1, keepdims=True) + self.epsilon)
        if self.scale:
            x = x * ops.add(ops.cast(self.gamma, "float32"), self.offset)
        return ops.cast(x, inputs.dtype)

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "scale": self.scale,
            "offset": self.offset,
        }
