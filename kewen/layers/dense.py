"""Dense layers whose bfloat16 products are fast on every backend."""

import string
from typing import Any

import keras

from kewen.layers.initial_values import Zeros
from kewen.ops import einsum, sums_apart

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class Dense(keras.layers.Dense):
    """Keras' `Dense`; see `kewen.ops.einsum` for what differs."""

    def __init__(
        self, units: int, *, bias_initializer: Any = None, **kwargs: Any
    ) -> None:
        initializer: Any = bias_initializer or Zeros()
        super().__init__(units, bias_initializer=initializer, **kwargs)

    def quantize(self, mode: Any = None, type_check: bool = True, **config: Any) -> Any:
        """Keras' own, which would refuse every class but its own."""
        return super().quantize(mode, type_check=False, **config)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if not sums_apart(inputs):
            return super().call(inputs, training=training)
        rows = string.ascii_lowercase[: len(inputs.shape) - 1]
        return _finished(self, einsum(f"{rows}y,yz->{rows}z", inputs, self.kernel))


@keras.saving.register_keras_serializable("kewen")
class EinsumDense(keras.layers.EinsumDense):
    """Keras' `EinsumDense`; see `kewen.ops.einsum` for what differs."""

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        *,
        bias_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        initializer: Any = bias_initializer or Zeros()
        super().__init__(equation, output_shape, bias_initializer=initializer, **kwargs)

    def quantize(self, mode: Any = None, type_check: bool = True, **config: Any) -> Any:
        """Keras' own, which would refuse every class but its own."""
        return super().quantize(mode, type_check=False, **config)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if not sums_apart(inputs):
            return super().call(inputs, training=training)
        return _finished(self, einsum(self.equation, inputs, self.kernel))


def _finished(layer: Any, found: Tensor) -> Tensor:
    if layer.bias is not None:
        found = keras.ops.add(found, layer.bias)
    return found if layer.activation is None else layer.activation(found)
