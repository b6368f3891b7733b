"""The two dense layers that follow attention in every block."""

from collections.abc import Callable
from typing import Any

import keras

from kewen.layers.dense import Dense
from kewen.layers.initial_values import TruncatedNormal, another

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class FeedForward(keras.layers.Layer):
    """`outer(activation(inner(x)))`, position by position.

    Args:
        intermediate_dim: width between the two.
        activation: what stands between; a name of Keras' or a registered function.
        kernel_initializer: first values, `TruncatedNormal()` if None, of both kernels.

    Call arguments:
        inputs: float, (..., C).

    Returns:
        Float, (..., C).

    Source: Vaswani et al., 2017, section 3.3 (arXiv 1706.03762). Their d_ff is our
    `intermediate_dim`.
    """

    def __init__(
        self,
        intermediate_dim: int,
        activation: str | Callable[[Tensor], Tensor] = "gelu",
        kernel_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or TruncatedNormal()
        )

    def build(self, inputs_shape: Any) -> None:
        self.inner = Dense(
            self.intermediate_dim,
            activation=self.activation,
            kernel_initializer=another(self.kernel_initializer),
            dtype=self.dtype_policy,
            name="inner",
        )
        self.outer = Dense(
            inputs_shape[-1],
            kernel_initializer=another(self.kernel_initializer),
            dtype=self.dtype_policy,
            name="outer",
        )
        self.inner.build(inputs_shape)
        self.outer.build((*inputs_shape[:-1], self.intermediate_dim))

    def call(self, inputs: Tensor) -> Tensor:
        return self.outer(self.inner(inputs))

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
