"""The one attention layer that serves every family."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError, ShapeError
from kewen.layers.arranged import arranged, logits_of, mixture_of
from kewen.layers.dense import EinsumDense
from kewen.layers.dropout import Dropout
from kewen.layers.initial_values import TruncatedNormal, another
from kewen.layers.moment import Moment
from kewen.layers.rematerialized import Rematerialized
from kewen.layers.rms_norm import RMSNorm
from kewen.ops import (
    attention_probabilities,
    check_normalization,
    einsum,
    for_all_queries,
    fused_attention,
    on_jax_cpu,
    rotate,
    soft_cap,
    sums_apart,
)

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class MultiHeadAttention(Rematerialized, keras.layers.Layer):
    """Scaled dot-product attention in several heads, with hooks.

    B batch, T queries, S keys, C width, H heads, G heads of keys and values, D head
    size, K size of a query or key.

    Args:
        num_heads: H.
        num_kv_heads: G, a divisor of H; H if not given. Query head h looks at head
            h * G // H of the keys ("grouped-query attention").
        head_dim: D; `C / H` if not given.
        key_dim: K; D if not given.
        use_bias: whether the projections have biases.
        use_output_bias: whether the last one has; as `use_bias` if not given.
        dropout: share of the attention probabilities dropped in training.
        scale: factor of the scores; `K ** -0.5` if not given.
        soft_cap: bound of the scaled scores; see `kewen.ops.soft_cap`.
        norm_epsilon: that of an `RMSNorm` of each head's query and key, before they are
            turned; None for no norm.
        norm_offset: of these norms.
        rotary_layout: which features `rotary` pairs; see `kewen.ops.rotate`.
        normalization: what makes probabilities of scores; see
            `kewen.ops.attention_probabilities`.
        kernel_initializer: first values of the kernels; `TruncatedNormal()` if None.
        query_initializer: those of the query's; as the others if None.

    Call arguments:
        inputs: float, (B, T, C); the queries come from here.
        context: float, (B, S, C); keys and values come from here. `inputs` if None.
        attention_mask: bool, (B or 1, T or 1, S). True where query t may look at key s.
            A query that may look at nothing gets zeros.
        bias: float, broadcastable to (B, H, T, S); added to the scaled scores (relative
            positions, ALiBi, residual scores).
        rotary: (cos, sin), each (B or 1, T, K / 2 at most); turns queries and keys.
        rotate_values: whether `rotary` turns the values too.
        relations: float, (T, S, D), K = D; a vector of each pair of positions, added to
            the key and to the value that query t sees of position s.
        return_scores: whether to give the probabilities, (B, H, T, S), as well.
        return_logits: whether to give the scaled scores before `bias` and mask as well,
            (B, H, T, S).

    Returns:
        Float, (B, T, C); with `return_scores` or `return_logits` a tuple of it, then
        the probabilities, then the logits, as far as asked for.

    Source: Vaswani et al., 2017, section 3.2 (arXiv 1706.03762), lesson 4765. Their d_k
    is our `key_dim`, their d_v `head_dim`. Grouped queries: Ainslie et al., 2023 (arXiv
    2305.13245). Relations: Shaw et al., 2018 (arXiv 1803.02155). Unlike the lesson's
    layer it has the output projection, and masks by `where`, not by subtracting 1e10,
    which in float32 made attention uniform.
    """

    def __init__(
        self,
        num_heads: int,
        num_kv_heads: int | None = None,
        head_dim: int | None = None,
        key_dim: int | None = None,
        use_bias: bool = True,
        use_output_bias: bool | None = None,
        dropout: float = 0.0,
        scale: float | None = None,
        soft_cap: float | None = None,
        norm_epsilon: float | None = None,
        norm_offset: float = 0.0,
        rotary_layout: str = "interleaved",
        normalization: str = "softmax",
        kernel_initializer: Any = None,
        query_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.num_kv_heads = num_kv_heads
        self.head_dim = head_dim
        self.key_dim = key_dim
        self.use_bias = use_bias
        self.use_output_bias = use_output_bias
        self.dropout = dropout
        self.scale = scale
        self.soft_cap = soft_cap
        self.norm_epsilon = norm_epsilon
        self.norm_offset = norm_offset
        self.rotary_layout = rotary_layout
        self.normalization = normalization
        check_normalization(normalization)
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or TruncatedNormal()
        )
        self.query_initializer = keras.initializers.get(query_initializer)
        if num_heads % (num_kv_heads or num_heads):
            raise ConfigError(
                "num_heads must be a multiple of num_kv_heads. Received: "
                f"num_heads {num_heads}, num_kv_heads {num_kv_heads}."
            )

    def build(self, inputs_shape: Any, context_shape: Any = None) -> None:
        width = inputs_shape[-1]
        head_dim = self.head_dim or width // self.num_heads
        if self.head_dim is None and width % self.num_heads:
            raise ConfigError(
                "The width must be a multiple of num_heads if head_dim is not given. "
                f"Received: width {width}, num_heads {self.num_heads}."
            )
        key_dim = self.key_dim or head_dim
        self.factor = key_dim**-0.5 if self.scale is None else self.scale
        self.alike = key_dim == head_dim
        kv_heads = self.num_kv_heads or self.num_heads
        self.groups = self.num_heads // kv_heads
        context_shape = context_shape or inputs_shape
        into_heads = {"bias_axes": "hd" if self.use_bias else None}
        self.query = self._projection(
            "btc,chd->bthd",
            (self.num_heads, key_dim),
            **into_heads,
            name="query",
            initializer=self.query_initializer,
        )
        self.key = self._projection(
            "bsc,chd->bshd", (kv_heads, key_dim), **into_heads, name="key"
        )
        self.value = self._projection(
            "bsc,chd->bshd", (kv_heads, head_dim), **into_heads, name="value"
        )
        own = self.use_output_bias
        biased = self.use_bias if own is None else own
        self.output_dense = self._projection(
            "bthd,hdc->btc", (width,), bias_axes="c" if biased else None, name="output"
        )
        self.query.build(inputs_shape)
        self.key.build(context_shape)
        self.value.build(context_shape)
        self.output_dense.build((*inputs_shape[:2], self.num_heads, head_dim))
        if self.norm_epsilon is not None:
            self.query_norm, self.key_norm = (
                RMSNorm(
                    self.norm_epsilon,
                    offset=self.norm_offset,
                    dtype=self.dtype_policy,
                    name=name,
                )
                for name in ("query_norm", "key_norm")
            )
            self.query_norm.build((None, None, self.num_heads, key_dim))
            self.key_norm.build((None, None, kv_heads, key_dim))
        self.probability_dropout = Dropout(
            self.dropout, dtype=self.dtype_policy, name="probability_dropout"
        )

    def _projection(
        self,
        equation: str,
        out: tuple[int, ...],
        bias_axes: str | None,
        name: str,
        initializer: Any = None,
    ) -> keras.layers.Layer:
        return EinsumDense(
            equation,
            output_shape=(None, *out),
            bias_axes=bias_axes,
            kernel_initializer=another(initializer or self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )

    def call(
        self,
        inputs: Tensor,
        context: Tensor | None = None,
        attention_mask: Tensor | None = None,
        bias: Tensor | None = None,
        rotary: tuple[Tensor, Tensor] | None = None,
        rotate_values: bool = False,
        relations: Tensor | None = None,
        return_scores: bool = False,
        return_logits: bool = False,
        training: bool = False,
    ) -> Any:
        source = inputs if context is None else context
        query = self._queries(inputs, rotary)
        key, value = self._keys_and_values(source, rotary, rotate_values)
        output, scores, logits = self._attended(
            query,
            key,
            value,
            attention_mask,
            bias,
            relations,
            return_scores or return_logits,
            training,
        )
        results = [output]
        if return_scores:
            results.append(scores)
        if return_logits:
            results.append(logits)
        return results[0] if len(results) == 1 else tuple(results)

    def at_moment(
        self,
        moment: Moment,
        inputs: Tensor,
        context: Tensor | None = None,
        attention_mask: Tensor | None = None,
        bias: Tensor | None = None,
        rotary: tuple[Tensor, Tensor] | None = None,
        rotate_values: bool = False,
        relations: Tensor | None = None,
        return_logits: bool = False,
    ) -> Any:
        """The same while a text grows: older keys and values are remembered.

        Args:
            moment: what came before `inputs`, and where it is remembered.
            inputs: float, (N, T, C), of the new tokens.
            context: float, (B, S, C), N a multiple of B: rows beside each other share
                one. Looked at for a prompt only.
            attention_mask: bool, over the keys that `moment` remembers.
            bias: as of `call`, over these keys.
            rotary: as of `call`, of the new tokens.
            rotate_values: as of `call`.
            relations: as of `call`, over these keys.
            return_logits: as of `call`.

        Returns:
            Float, (N, T, C), and with `return_logits` the logits.
        """
        query = self._queries(inputs, rotary)
        if context is None:
            own = self._keys_and_values(inputs, rotary, rotate_values)
            keys, values = moment.remember(self.name, *own)
            if moment.is_prompt:
                mixed, _, logits = self._attended(
                    query, *own, attention_mask, bias, relations, return_logits, False
                )
                return (mixed, logits) if return_logits else mixed
        else:
            place = moment.place(self.name)
            if place not in moment.contexts:
                found = self._keys_and_values(context, rotary, rotate_values)
                moment.contexts[place] = arranged(*found)
            keys, values = moment.contexts[place]
        rows, count, *heads = query.shape
        slots, prompts = keys.shape[2], keys.shape[0] * self.groups // self.num_heads
        if prompts != rows:  # rows that share keys ask one after another
            query = ops.reshape(query, (prompts, -1, *heads))
            bias = _repeated(bias, slots, axis=3)
            relations = _repeated(relations, slots, axis=1)
            relations = _repeated(relations, query.shape[1], axis=0)
        mask = None if attention_mask is None else _for_heads(attention_mask)
        mixed, scores, logits = self._explicit(
            query, keys, values, mask, bias, relations, training=False, is_arranged=True
        )
        if context is not None and moment.is_watched:
            mean = ops.mean(scores, axis=1)
            moment.looked_at = ops.reshape(mean, (rows, count, slots))[:, -1]
        mixed = ops.reshape(mixed, (rows, count, *mixed.shape[2:]))
        output = self.output_dense(mixed)
        return (output, logits) if return_logits else output

    def _queries(self, inputs: Tensor, rotary: Any) -> Tensor:
        """(B, T, C) to (B, T, H, K), normed and turned."""
        query = self.query(inputs)
        if self.norm_epsilon is not None:
            query = self.query_norm(query)
        if rotary is None:
            return query
        return rotate(query, *rotary, layout=self.rotary_layout)

    def _keys_and_values(
        self, source: Tensor, rotary: Any, rotate_values: bool
    ) -> tuple[Tensor, Tensor]:
        """(B, S, C) to (B, S, G, K), normed and turned, and (B, S, G, D)."""
        key, value = self.key(source), self.value(source)
        if self.norm_epsilon is not None:
            key = self.key_norm(key)
        if rotary is not None:
            key = rotate(key, *rotary, layout=self.rotary_layout)
            if rotate_values:
                value = rotate(value, *rotary, layout=self.rotary_layout)
        return key, value

    def _attended(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        bias: Tensor | None,
        relations: Tensor | None,
        shown: bool,
        training: bool,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Projections in heads to (B, T, C); probabilities and logits if `shown`."""
        mask = None if attention_mask is None else _for_heads(attention_mask)
        # On torch, Keras' op takes a mask or a bias.
        both = mask is not None and bias is not None
        one_only = keras.backend.backend() == "torch" and both
        own = self.soft_cap is not None or not self.alike or sums_apart(query)
        own = own or relations is not None or self.normalization != "softmax"
        # JAX' fused product of float16 numbers is one that its CPU compiler lacks.
        dtype = keras.backend.standardize_dtype(query.dtype)
        own = own or (dtype == "float16" and on_jax_cpu())
        if not (shown or own or one_only or (training and self.dropout > 0)):
            mixed = fused_attention(query, key, value, mask, bias, self.factor)
            return self.output_dense(mixed), None, None
        mixed, scores, logits = self._explicit(
            query, key, value, mask, bias, relations, training
        )
        if not shown:
            scores = logits = None
        return self.output_dense(mixed), scores, logits

    def _explicit(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        bias: Tensor | None,
        relations: Tensor | None,
        training: bool,
        is_arranged: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same by hand, where probabilities are wanted, dropped, or others.

        `is_arranged` says how keys and values lie, see `kewen.layers.arranged`.
        """
        exact = "float32" if sums_apart(query) else None  # it costs nothing there
        query = query * self.factor
        if is_arranged:
            logits = logits_of(query, key, exact)
        else:
            key = for_all_queries(key, self.groups)
            value = for_all_queries(value, self.groups)
            logits = einsum("bthd,bshd->bhts", query, key, dtype=exact)
        if relations is not None:
            relations = ops.cast(relations, query.dtype)
            related = ops.einsum("bthd,tsd->bhts", query, relations)
            logits = logits + ops.cast(related, logits.dtype)
        if self.soft_cap is not None:
            logits = soft_cap(logits, self.soft_cap)
        own = ops.cast(logits, value.dtype)
        if bias is not None:
            logits = logits + ops.cast(bias, logits.dtype)
        scores = attention_probabilities(logits, mask, self.normalization)
        scores = ops.cast(scores, value.dtype)
        kept = self.probability_dropout(scores, training=training)
        if is_arranged:
            mixed = mixture_of(kept, value)
        else:
            mixed = einsum("bhts,bshd->bthd", kept, value)
        if relations is not None:
            mixed = mixed + ops.einsum("bhts,tsd->bthd", kept, relations)
        return mixed, scores, own

    def compute_output_spec(
        self,
        inputs: Any,
        context: Any = None,
        attention_mask: Any = None,
        bias: Any = None,
        rotary: Any = None,
        rotate_values: bool = False,
        relations: Any = None,
        return_scores: bool = False,
        return_logits: bool = False,
        training: bool = False,
    ) -> Any:
        source = inputs if context is None else context
        results: list[Any] = [keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)]
        shape = (inputs.shape[0], self.num_heads, inputs.shape[1], source.shape[1])
        for _ in range(return_scores + return_logits):
            results.append(keras.KerasTensor(shape, dtype=self.compute_dtype))
        return results[0] if len(results) == 1 else tuple(results)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "num_kv_heads": self.num_kv_heads,
            "head_dim": self.head_dim,
            "key_dim": self.key_dim,
            "use_bias": self.use_bias,
            "use_output_bias": self.use_output_bias,
            "dropout": self.dropout,
            "scale": self.scale,
            "soft_cap": self.soft_cap,
            "norm_epsilon": self.norm_epsilon,
            "norm_offset": self.norm_offset,
            "rotary_layout": self.rotary_layout,
            "normalization": self.normalization,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "query_initializer": keras.initializers.serialize(self.query_initializer)
            if self.query_initializer
            else None,
        }


def _for_heads(attention_mask: Tensor) -> Tensor:
    if len(attention_mask.shape) != 3:
        raise ShapeError(
            "attention_mask must be (B or 1, T or 1, S), without a head axis. "
            f"Received: {tuple(attention_mask.shape)}. Make it with kewen.masks."
        )
    return ops.expand_dims(ops.cast(attention_mask, "bool"), 1)


def _repeated(tensor: Tensor | None, count: Any, axis: int) -> Tensor | None:
    """What belongs to slots, for each beam's column in them: `count` along `axis`."""
    if tensor is None or tensor.shape[axis] == count:
        return tensor
    return ops.repeat(tensor, count // tensor.shape[axis], axis=axis)
