"""Ids to vectors, and back to scores over the vocabulary with the same table."""

from typing import Any

import keras
from keras import ops

from kewen.layers.initial_values import TruncatedNormal
from kewen.layers.rematerialized import Rematerialized
from kewen.ops import (
    MOST_INT8_ROWS,
    are_few_rows,
    few_rows_by,
    int8_product,
    soft_cap,
    sums_apart,
)

Tensor = Any
# Logits come out turned: turning those of more rows back takes longer than is won.
MOST_ROWS_OF_LOGITS = 16


@keras.saving.register_keras_serializable("kewen")
class TokenEmbedding(Rematerialized, keras.layers.ReversibleEmbedding):
    """A table of token vectors; `reverse=True` multiplies by its transpose.

    Keras' own layer (quantisation and LoRA included), with BERT's initial values. It
    makes no Keras mask: padding is an explicit input of every kewen model.

    Args:
        input_dim: V, the vocabulary size.
        output_dim: C, the width.

    Call arguments:
        inputs: int, (B, T); with `reverse=True` float, (B, T, C).
        reverse: whether to give logits (B, T, V) instead of vectors (B, T, C).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        # Keras annotates a name, and takes an object as well.
        initializer: Any = embeddings_initializer or TruncatedNormal(stddev=0.02)
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=initializer,
            **kwargs,
        )

    def quantize(self, mode: Any = None, type_check: bool = True, **config: Any) -> Any:
        """Keras' own, which would refuse every class but its own."""
        return super().quantize(mode, type_check=False, **config)

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        """Keras' own, but for a few tokens' logits on JAX' CPU, see `few_rows_by`."""
        few = are_few_rows(inputs, most=MOST_ROWS_OF_LOGITS)
        if not reverse or self.quantization_mode or not few:
            return super().call(inputs, reverse=reverse)
        table: Any = ops.convert_to_tensor(self.embeddings)
        if not self.tie_weights or sums_apart(table) or self.logit_soft_cap:
            return super().call(inputs, reverse=reverse)
        rows = ops.reshape(ops.cast(inputs, table.dtype), (-1, self.output_dim))
        return ops.reshape(few_rows_by(table, rows), (*inputs.shape[:-1], -1))

    def _int8_call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        if (
            not reverse
            or self.lora_enabled
            or not are_few_rows(inputs, most=MOST_INT8_ROWS)
        ):
            return super()._int8_call(inputs, reverse=reverse)
        if self.tie_weights:
            matrix, scale = self._embeddings, self.embeddings_scale
        else:
            matrix, scale = self.reverse_embeddings, self.reverse_embeddings_scale
        rows = ops.reshape(inputs, (-1, self.output_dim))
        matrix, scale = ops.convert_to_tensor(matrix), ops.convert_to_tensor(scale)
        logits = int8_product(rows, matrix, scale, transposed=self.tie_weights)
        logits = ops.reshape(logits, (*inputs.shape[:-1], -1))
        cap = self.logit_soft_cap
        return logits if cap is None else soft_cap(logits, cap)
