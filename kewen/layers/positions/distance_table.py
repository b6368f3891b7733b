"""A vector for each distance between two tokens, learned, for all blocks."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class DistanceTable(keras.layers.Layer):
    """Gives its whole table: which row a pair of tokens needs is their layer's affair.

    Args:
        num_rows: R.
        initializer: first values.

    Call arguments:
        inputs: float, (B, T, C). Only C is looked at.

    Returns:
        Float, (R, C).

    Source: He et al., 2021, section 3.1 (arXiv 2006.03654), whose P is this table.
    """

    def __init__(self, num_rows: int, initializer: Any = "zeros", **kwargs: Any):
        super().__init__(**kwargs)
        self.num_rows = num_rows
        self.initializer = keras.initializers.get(initializer)

    def build(self, inputs_shape: Any) -> None:
        self.embeddings = self.add_weight(
            shape=(self.num_rows, inputs_shape[-1]),
            initializer=self.initializer,
            name="embeddings",
        )

    def call(self, inputs: Tensor) -> Tensor:
        return ops.cast(self.embeddings, inputs.dtype)

    def compute_output_shape(self, inputs_shape: Any) -> Any:
        return (self.num_rows, inputs_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_rows": self.num_rows,
            "initializer": keras.initializers.serialize(self.initializer),
        }
