"""A vector for each distance between two tokens, not learned."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.errors import ConfigError
from kewen.layers.moment import Moment

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class RelativePositions(keras.layers.Layer):
    """Vectors of pairs of positions, for `MultiHeadAttention(relations=...)`.

    Distance d has sine and cosine of `d / 10000 ** (2 i / dim)` as features 2 i and
    2 i + 1, d being counted from the farthest one to the left.

    Args:
        dim: D, even.
        farthest: distances are cut to this many to both sides.

    Call arguments:
        inputs: float, (B, T, ...); only T is looked at.

    Returns:
        Float, (T, T, D). `[t, s]` belongs to `s - t`.

    Source: Wei et al., 2019, section 2.2 (arXiv 1909.00204).
    """

    def __init__(self, dim: int, farthest: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dim % 2:
            raise ConfigError(
                "The dim of relative positions must be even: sines and cosines are "
                f"pairs. Received: {dim}. Change head_dim or num_heads."
            )
        self.dim = dim
        self.farthest = farthest

    def call(self, inputs: Tensor) -> Tensor:
        places = ops.arange(ops.shape(inputs)[1], dtype="int32")
        return self._vectors(places[None, :] - places[:, None])

    def at_moment(self, moment: Moment, inputs: Tensor) -> Tensor:
        """The same while a text grows, of new tokens and what is remembered."""
        if moment.is_prompt:
            return self.call(inputs)
        return self._vectors(-moment.ages(inputs.shape[1], moment.capacity))

    def _vectors(self, distances: Tensor) -> Tensor:
        distances = ops.clip(distances, -self.farthest, self.farthest)
        table = ops.convert_to_tensor(self._table(), self.compute_dtype)
        return ops.take(table, distances + self.farthest, axis=0)

    def _table(self) -> np.ndarray:
        rates = 10000.0 ** (-np.arange(0, self.dim, 2) / self.dim)
        angles = np.arange(2 * self.farthest + 1)[:, None] * rates
        table = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        return table.reshape(-1, self.dim).astype("float32")

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        length = inputs.shape[1]
        return keras.KerasTensor((length, length, self.dim), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim, "farthest": self.farthest}
