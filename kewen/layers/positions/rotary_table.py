"""Angles that are read from a table."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.layers.positions.numbering import check_length

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class RotaryTable(keras.layers.Layer):
    """Sine and cosine of each position's angles, from a table that is not trained.

    Where a checkpoint brings the table along: usually, and at first, it holds what
    `RotaryAngles` computes, sines in the first half of a row, cosines in the second.

    Args:
        max_length: rows of the table.
        dim: K, size of a query or key, even.
        base: of the angles at first.

    Call arguments:
        position_ids: int, (B or 1, T).

    Returns:
        (cos, sin), float32, (B or 1, T, K / 2) each.

    Raises:
        ShapeError: if T is more than `max_length`.

    Source: transformers' RoFormer; Su et al., 2021, section 3.2.2 (arXiv 2104.09864).
    """

    def __init__(
        self, max_length: int, dim: int, base: float = 10000.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length
        self.dim = dim
        self.base = base

    @property
    def num_positions(self) -> int:
        """Position ids that have a vector: 0 to this, exclusively."""
        return self.max_length

    def build(self, position_ids_shape: Any) -> None:
        self.embeddings = self.add_weight(
            shape=(self.max_length, self.dim),
            initializer=self._sines,
            trainable=False,
            autocast=False,
            name="embeddings",
        )

    def _sines(self, shape: Any, dtype: Any = None) -> Tensor:
        rates = self.base ** (-np.arange(0, self.dim, 2) / self.dim)
        angles = np.arange(self.max_length)[:, None] * rates
        table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        return ops.convert_to_tensor(table.astype("float32"), dtype)

    def call(self, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        check_length(position_ids.shape[1], self.max_length)
        rows: Any = ops.cast(ops.take(self.embeddings, position_ids, axis=0), "float32")
        half = self.dim // 2
        return rows[..., half:], rows[..., :half]

    def compute_output_spec(
        self, position_ids: Any
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        shape = (*position_ids.shape, self.dim // 2)
        return keras.KerasTensor(shape, "float32"), keras.KerasTensor(shape, "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "dim": self.dim,
            "base": self.base,
        }
