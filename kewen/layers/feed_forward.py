"""The dense layers that follow attention in every block."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kewen.errors import ConfigError
from kewen.layers.dense import Dense
from kewen.layers.dropout import Dropout
from kewen.layers.initial_values import TruncatedNormal, another
from kewen.layers.rematerialized import Rematerialized

Tensor = Any
Activation = str | Callable[[Tensor], Tensor]


@keras.saving.register_keras_serializable("kewen")
class FeedForward(Rematerialized, keras.layers.Layer):
    """`outer(activation(inner(x)))`, or `outer(activation(gate(x)) * inner(x))`.

    Args:
        intermediate_dim: width between the two.
        activation: what stands between; a name of Keras' or a registered function. Of
            several, a list, the first is that of `gate`, the last that of `inner`, and
            those between are of `gate_1` and so on; all are multiplied.
        gated: whether there is a third dense layer, `gate` ("GLU"); with a list of
            activations there is, and this must not be given.
        use_bias: whether the dense layers have biases.
        dropout: share dropped in training before `outer`.
        kernel_initializer: first values, `TruncatedNormal()` if None, of both kernels.

    Call arguments:
        inputs: float, (..., C).

    Returns:
        Float, (..., C).

    Source: Vaswani et al., 2017, section 3.3 (arXiv 1706.03762), whose d_ff is our
    `intermediate_dim`; Shazeer, 2020 (arXiv 2002.05202), whose W is the kernel of our
    `gate`, V that of `inner`.
    """

    def __init__(
        self,
        intermediate_dim: int,
        activation: Activation | Sequence[Activation] = "gelu",
        gated: bool = False,
        use_bias: bool = True,
        dropout: float = 0.0,
        kernel_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        several = isinstance(activation, list | tuple)
        given = activation if several else [activation]
        if several and (gated or not activation):
            raise ConfigError(
                "A list of activations must not be empty, and says itself that the "
                f"layer is gated. Received: {activation!r}, gated={gated}."
            )
        self.several = several
        self.activations = [keras.activations.get(each) for each in given]
        if gated:
            self.activations.append(keras.activations.linear)
        self.gated = gated
        self.use_bias = use_bias
        self.dropout = dropout
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or TruncatedNormal()
        )

    def build(self, inputs_shape: Any) -> None:
        self.inner = self._dense(self.intermediate_dim, "inner")
        self.outer = self._dense(inputs_shape[-1], "outer")
        self.inner.build(inputs_shape)
        self.outer.build((*inputs_shape[:-1], self.intermediate_dim))
        names = ["gate", *(f"gate_{n}" for n in range(1, len(self.activations) - 1))]
        self.gates = [
            self._dense(self.intermediate_dim, name)
            for name in names[: len(self.activations) - 1]
        ]
        for gate in self.gates:
            gate.build(inputs_shape)
        self.inner_dropout = Dropout(
            self.dropout, dtype=self.dtype_policy, name="inner_dropout"
        )

    def _dense(self, units: int, name: str) -> keras.layers.Layer:
        return Dense(
            units,
            use_bias=self.use_bias,
            kernel_initializer=another(self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        hidden: Any = self.activations[-1](self.inner(inputs))
        for activation, gate in zip(self.activations, self.gates, strict=False):
            hidden = activation(gate(inputs)) * hidden
        return self.outer(self.inner_dropout(hidden, training=training))

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        own = [keras.activations.serialize(each) for each in self.activations]
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "activation": own if self.several else own[0],
            "gated": self.gated,
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
