"""Dropout whose random numbers are cheap."""

from typing import Any

import keras
from keras import ops

Tensor = Any
LEVELS = 256  # values of a random byte


@keras.saving.register_keras_serializable("kewen")
class Dropout(keras.layers.Dropout):
    """Keras' dropout; on JAX it draws a byte for each number, not a 32-bit word.

    Bytes take a quarter of the random bits, which are costly on a CPU: attention alone
    wants one for each pair of tokens. The share that is kept is then a multiple of
    1/256 (at a rate of 0.1: 230/256), and what is kept is divided by exactly that
    share, so the expectation is exact.

    Args:
        rate: share of the numbers set to zero in training; rounded to 1/256 on JAX.

    Source: Srivastava et al., 2014 (JMLR 15).
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return inputs
        if keras.backend.backend() != "jax" or self.noise_shape is not None:
            return super().call(inputs, training=training)
        import jax

        levels = min(max(round(LEVELS * (1 - self.rate)), 1), LEVELS - 1)
        key = jax.random.wrap_key_data(self.seed_generator.next(), impl="threefry2x32")
        kept = jax.random.bits(key, inputs.shape, "uint8") < levels
        return ops.where(kept, inputs * (LEVELS / levels), ops.zeros_like(inputs))
