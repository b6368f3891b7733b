"""Dropout whose random numbers are cheap."""

from typing import Any

import keras
from keras import ops

from kewen.layers.hashed_bits import hashed_bits

Tensor = Any
WORDS = 2**32  # values of a random word


@keras.saving.register_keras_serializable("kewen")
class Dropout(keras.layers.Dropout):
    """Keras' dropout; on JAX its random numbers are `hashed_bits`.

    The generators of JAX cost more than all else that dropout does
    (docs/design/dropout.md).

    Args:
        rate: share of the numbers that are set to zero in training.

    Source: Srivastava et al., 2014 (JMLR 15).
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return inputs
        if keras.backend.backend() != "jax" or self.noise_shape is not None:
            return super().call(inputs, training=training)
        if self.rate == 1:
            return ops.zeros_like(inputs)
        last_kept = min(round(WORDS * (1 - self.rate)), WORDS) - 1
        words = hashed_bits(self.seed_generator.next(), inputs.shape)
        kept = words <= words.dtype.type(max(last_kept, 0))
        return ops.where(kept, inputs / (1 - self.rate), ops.zeros_like(inputs))
