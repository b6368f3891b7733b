"""Which of the sentences a token belongs to."""

from typing import Any

import keras
from keras import ops

from kewen.layers.rematerialized import Rematerialized

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class SegmentEmbedding(Rematerialized, keras.layers.Layer):
    """Adds the vector of each token's segment.

    Args:
        num_segments: rows of the table. With one row (RoBERTa) there is nothing to
            choose, and segment ids need not be given.

    Call arguments:
        inputs: float, (B, T, C).
        segment_ids: int, (B, T), or None for segment 0 everywhere.

    Returns:
        Float, (B, T, C).

    Source: Devlin et al., 2019, section 3 (arXiv 1810.04805), "segment embeddings";
    transformers' "token type".
    """

    def __init__(
        self, num_segments: int, initializer: Any = "zeros", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_segments = num_segments
        self.initializer = keras.initializers.get(initializer)

    def build(self, inputs_shape: Any, segment_ids_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.num_segments, inputs_shape[-1]),
            initializer=self.initializer,
            name="embeddings",
        )

    def call(self, inputs: Tensor, segment_ids: Tensor | None = None) -> Tensor:
        table = ops.cast(self.embeddings, inputs.dtype)
        if segment_ids is None:
            return inputs + table[0]
        return inputs + ops.take(table, segment_ids, axis=0)

    def compute_output_shape(self, inputs_shape: Any, *_: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_segments": self.num_segments,
            "initializer": keras.initializers.serialize(self.initializer),
        }
