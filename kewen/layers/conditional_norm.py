"""Layer norm whose scale and offset depend on a vector."""

from typing import Any

import keras
from keras import ops

from kewen.layers.dense import Dense
from kewen.layers.initial_values import TruncatedNormal

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class ConditionalNorm(keras.layers.Layer):
    """`norm(x) * (gamma + condition @ U) + beta + condition @ V`.

    U and V begin at zero, and a zero condition leaves them out: both make it the plain
    layer norm of the same `gamma` and `beta`. Statistics are computed in float32.

    Args:
        epsilon: added to the variance.
        hidden_dim: width of a dense layer that the condition goes through first,
            without bias; None for no such layer.
        hidden_activation: of that layer.
        gamma_initializer: first values of the scale.
        beta_initializer: first values of the offset.

    Call arguments:
        inputs: float, (B, T, C).
        condition: float, (B, K), one for a row, or (B, T, K).

    Returns:
        Float, (B, T, C).

    Source: kexue.fm 7124, "conditional layer normalization".
    """

    def __init__(
        self,
        epsilon: float = 1e-12,
        hidden_dim: int | None = None,
        hidden_activation: Any = "linear",
        gamma_initializer: Any = "ones",
        beta_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.hidden_dim = hidden_dim
        self.hidden_activation = keras.activations.get(hidden_activation)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.beta_initializer = keras.initializers.get(beta_initializer)

    def build(self, inputs_shape: Any, condition_shape: Any) -> None:
        width = inputs_shape[-1]
        self.gamma = self.add_weight(
            shape=(width,), initializer=self.gamma_initializer, name="gamma"
        )
        self.beta = self.add_weight(
            shape=(width,), initializer=self.beta_initializer, name="beta"
        )
        if self.hidden_dim is not None:
            # Not zeros: else nothing would ever get a gradient.
            self.condition_hidden = self._dense(
                self.hidden_dim, "condition_hidden", TruncatedNormal()
            )
            self.condition_hidden.build(condition_shape)
            condition_shape = (*condition_shape[:-1], self.hidden_dim)
        self.condition_beta = self._dense(width, "condition_beta", "zeros")
        self.condition_gamma = self._dense(width, "condition_gamma", "zeros")
        self.condition_beta.build(condition_shape)
        self.condition_gamma.build(condition_shape)

    def _dense(self, units: int, name: str, initializer: Any) -> keras.layers.Layer:
        return Dense(
            units,
            use_bias=False,
            kernel_initializer=initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def call(self, inputs: Tensor, condition: Tensor) -> Tensor:
        if self.hidden_dim is not None:
            condition = self.hidden_activation(self.condition_hidden(condition))
        if len(condition.shape) < len(inputs.shape):
            condition = ops.expand_dims(condition, 1)
        gamma, beta = (
            ops.cast(own, "float32") + ops.cast(added(condition), "float32")
            for own, added in (
                (self.gamma, self.condition_gamma),
                (self.beta, self.condition_beta),
            )
        )
        x = ops.cast(inputs, "float32")
        x = x - ops.mean(x, axis=-1, keepdims=True)
        x = x * ops.rsqrt(ops.mean(x * x, axis=-1, keepdims=True) + self.epsilon)
        return ops.cast(x * gamma + beta, inputs.dtype)

    def compute_output_shape(self, inputs_shape: Any, condition_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "hidden_dim": self.hidden_dim,
            "hidden_activation": keras.activations.serialize(self.hidden_activation),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
        }
