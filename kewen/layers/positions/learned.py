"""A vector for each absolute position, learned."""

from typing import Any

import keras
from keras import ops

from kewen.layers.positions.numbering import check_length
from kewen.layers.rematerialized import Rematerialized

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class LearnedPositions(Rematerialized, keras.layers.Layer):
    """Adds the vector of each token's position.

    Args:
        max_length: rows of the table.

    Call arguments:
        inputs: float, (B, T, C).
        position_ids: int, (B or 1, T), or None for 0, 1, 2 ... One beyond the table
            gives NaN on JAX, and an error on torch.

    Returns:
        Float, (B, T, C).

    Raises:
        ShapeError: if positions are not given and T is longer than the table.

    Source: Devlin et al., 2019, section 3 (arXiv 1810.04805), "position embeddings".
    """

    def __init__(
        self, max_length: int, initializer: Any = "zeros", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length
        self.initializer = keras.initializers.get(initializer)

    @property
    def num_positions(self) -> int:
        """Position ids that have a vector: 0 to this, exclusively."""
        return self.max_length

    def build(self, inputs_shape: Any, position_ids_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.max_length, inputs_shape[-1]),
            initializer=self.initializer,
            name="embeddings",
        )

    def call(self, inputs: Tensor, position_ids: Tensor | None = None) -> Tensor:
        table = ops.cast(self.embeddings, inputs.dtype)
        if position_ids is not None:
            return inputs + ops.take(table, position_ids, axis=0)
        check_length(inputs.shape[1], self.max_length)
        return inputs + table[: ops.shape(inputs)[1]]

    def compute_output_shape(self, inputs_shape: Any, *_: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }
