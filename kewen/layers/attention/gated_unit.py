"""Attention and feed-forward in one layer."""

from typing import Any

import keras
from keras import ops

from kewen.layers.dense import Dense
from kewen.layers.dropout import Dropout
from kewen.layers.initial_values import TruncatedNormal, another
from kewen.ops import attention_probabilities, check_normalization, rotate

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class GatedAttentionUnit(keras.layers.Layer):
    """`outer(u * (probabilities @ v))`, with one head and a gate instead of many heads.

    u, v and a small z come from one dense layer and its activation; queries and keys
    are z, each with a scale and an offset of its own.

    Args:
        intermediate_dim: E, width of u and v.
        key_dim: K, width of z.
        activation: of the first dense layer.
        use_bias: whether there are biases and offsets.
        normalization: what makes probabilities of scores; see
            `kewen.ops.attention_probabilities`.
        scale: whether scores are divided by the square root of K.
        across: whether keys and values come from `context`, each by a dense layer; z is
            then the queries as it is.
        dropout: share of the probabilities dropped in training.
        kernel_initializer: first values of the kernels; `TruncatedNormal()` if None.

    Call arguments:
        inputs: float, (B, T, C).
        context: float, (B, S, C), with `across` only.
        attention_mask: bool, (B or 1, T or 1, S). True where query t may look at key s.
        rotary: (cos, sin), each (B or 1, T, K / 2); turns queries and keys.
        return_scores: whether to give the probabilities, (B, 1, T, S), as well.

    Returns:
        Float, (B, T, C); with `return_scores` a tuple of it and the probabilities.

    Source: Hua et al., 2022, section 3 (arXiv 2202.10447), whose e is E, whose s is K;
    kexue.fm 8934. bert4keras masks the keys of a context by the mask of the queries.
    """

    def __init__(
        self,
        intermediate_dim: int,
        key_dim: int,
        activation: Any = "silu",
        use_bias: bool = True,
        normalization: str = "squared_relu",
        scale: bool = True,
        across: bool = False,
        dropout: float = 0.0,
        kernel_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_normalization(normalization)
        self.intermediate_dim = intermediate_dim
        self.key_dim = key_dim
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.normalization = normalization
        self.scale = scale
        self.across = across
        self.dropout = dropout
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or TruncatedNormal()
        )

    def build(self, inputs_shape: Any, context_shape: Any = None) -> None:
        e, k = self.intermediate_dim, self.key_dim
        width = e + k if self.across else 2 * e + k
        self.inner = self._dense(width, "inner", self.activation)
        self.outer = self._dense(inputs_shape[-1], "outer")
        self.inner.build(inputs_shape)
        self.outer.build((*inputs_shape[:-1], e))
        if self.across:
            self.key = self._dense(k, "key", self.activation)
            self.value = self._dense(e, "value", self.activation)
            self.key.build(context_shape)
            self.value.build(context_shape)
        else:
            self.query_scale, self.key_scale = (
                self.add_weight(shape=(k,), initializer="ones", name=name)
                for name in ("query_scale", "key_scale")
            )
            if self.use_bias:
                self.query_offset, self.key_offset = (
                    self.add_weight(shape=(k,), initializer="zeros", name=name)
                    for name in ("query_offset", "key_offset")
                )
        self.probability_dropout = Dropout(
            self.dropout, dtype=self.dtype_policy, name="probability_dropout"
        )

    def _dense(
        self, units: int, name: str, activation: Any = None
    ) -> keras.layers.Layer:
        return Dense(
            units,
            activation=activation,
            use_bias=self.use_bias,
            kernel_initializer=another(self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )

    def call(
        self,
        inputs: Tensor,
        context: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary: tuple[Tensor, Tensor] | None = None,
        return_scores: bool = False,
        training: bool = False,
    ) -> Any:
        # Slices, because torch's exporter does not follow `ops.split`.
        e, made = self.intermediate_dim, self.inner(inputs)
        gate, rest = made[..., :e], made[..., e:]
        if self.across:
            query = rest
            key, value = self.key(context), self.value(context)
        else:
            value, small = rest[..., :e], rest[..., e:]
            query, key = small * self.query_scale, small * self.key_scale
            if self.use_bias:
                query, key = query + self.query_offset, key + self.key_offset
        if rotary is not None:
            query, key = _turned(query, rotary), _turned(key, rotary)
        factor = self.key_dim**-0.5 if self.scale else 1.0
        logits = ops.einsum("btk,bsk->bts", query * factor, key)
        mask = None if attention_mask is None else ops.cast(attention_mask, "bool")
        scores = attention_probabilities(logits, mask, self.normalization)
        kept = self.probability_dropout(scores, training=training)
        mixed = self.outer(gate * ops.einsum("bts,bse->bte", kept, value))
        return (mixed, ops.expand_dims(scores, 1)) if return_scores else mixed

    def compute_output_spec(
        self,
        inputs: Any,
        context: Any = None,
        attention_mask: Any = None,
        rotary: Any = None,
        return_scores: bool = False,
        training: bool = False,
    ) -> Any:
        mixed = keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)
        if not return_scores:
            return mixed
        keys = (inputs if context is None else context).shape[1]
        shape = (inputs.shape[0], 1, inputs.shape[1], keys)
        return mixed, keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "key_dim": self.key_dim,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "normalization": self.normalization,
            "scale": self.scale,
            "across": self.across,
            "dropout": self.dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _turned(vectors: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """(B, T, K) as one head."""
    return rotate(ops.expand_dims(vectors, 2), *rotary)[:, :, 0]
