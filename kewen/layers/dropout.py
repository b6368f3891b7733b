"""Dropout whose random numbers are cheap."""

from importlib import import_module
from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.layers.hashed_bits import hashed_bits

Tensor = Any
WORDS = 2**32  # values of a random word


@keras.saving.register_keras_serializable("kewen")
class Dropout(keras.layers.Dropout):
    """Keras' dropout; on JAX its random numbers are `hashed_bits`.

    The generators of JAX cost more than all else that dropout does
    (docs/design/dropout.md). On torch the layer has a generator of its own: Keras takes
    torch's global one where no seed was given, and a run could not be repeated.

    Args:
        rate: share of the numbers that are set to zero in training.

    Source: Srivastava et al., 2014 (JMLR 15).
    """

    given_seed: Tensor | None = None  # instead of the generator's next

    def rematerialized_call(self, layer_call: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras' hook of `keras.RematScope`: there is nothing worth forgetting."""
        return layer_call

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        kept_by = {
            "jax": self._kept_on_jax,
            "tensorflow": self._kept_on_tensorflow,
            "torch": self._kept_on_torch,
        }
        draw = kept_by.get(keras.backend.backend())
        if draw is None or self.noise_shape is not None:
            return super().call(inputs, training=training)
        return ops.where(draw(inputs), inputs / (1 - self.rate), ops.zeros_like(inputs))

    def _next_seed(self) -> Tensor:
        given = self.given_seed
        return self.seed_generator.next() if given is None else given

    def _kept_on_tensorflow(self, inputs: Tensor) -> Tensor:
        tf: Any = import_module("tensorflow")
        seed = ops.cast(self._next_seed(), "int32")
        return tf.random.stateless_uniform(tf.shape(inputs), seed) >= self.rate

    def _kept_on_jax(self, inputs: Tensor) -> Tensor:
        last_kept = min(round(WORDS * (1 - self.rate)), WORDS) - 1
        words = hashed_bits(self._next_seed(), inputs.shape)
        return words <= words.dtype.type(max(last_kept, 0))

    def _kept_on_torch(self, inputs: Tensor) -> Tensor:
        torch: Any = import_module("torch")
        kept = torch.empty_like(inputs, dtype=torch.bool)
        if inputs.device.type == "meta":  # only the shape is asked for
            return kept
        # Torch's CPU generator takes 32 bits of a seed, so that both words are mixed.
        state = [word % WORDS for word in self._next_seed().tolist()]
        (mixed,) = np.random.SeedSequence(state).generate_state(1).tolist()
        generator = torch.Generator(inputs.device).manual_seed(mixed)
        return kept.bernoulli_(1 - self.rate, generator=generator)
