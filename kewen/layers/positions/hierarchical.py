"""Many more positions than the table has rows: each is made of two."""

from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError
from kewen.layers.positions.numbering import check_length

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class HierarchicalPositions(keras.layers.Layer):
    """Adds a vector of each token's position, for n * n positions from n rows.

    Position p has `alpha * u[p // n] + (1 - alpha) * u[p % n]` with the vectors
    `u[i] = (row[i] - alpha * row[0]) / (1 - alpha)`: the first n are the rows.

    Args:
        max_length: n, rows of the table.
        alpha: share of the first digit, between 0 and 1, but not a half, at which p and
            its mirrored digits could not be told apart.

    Call arguments:
        inputs: float, (B, T, C).
        position_ids: int, (B or 1, T), or None for 0, 1, 2 ...

    Returns:
        Float, (B, T, C).

    Raises:
        ConfigError: if `alpha` cannot be.
        ShapeError: if positions are not given and T is more than n * n.

    Source: kexue.fm 7947, "hierarchical decomposition of positions".
    """

    def __init__(
        self,
        max_length: int,
        alpha: float = 0.4,
        initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_alpha(alpha)
        self.max_length = max_length
        self.alpha = alpha
        self.initializer = keras.initializers.get(initializer)

    @property
    def num_positions(self) -> int:
        """Position ids that have a vector: 0 to this, exclusively."""
        return self.max_length**2

    def build(self, inputs_shape: Any, position_ids_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.max_length, inputs_shape[-1]),
            initializer=self.initializer,
            name="embeddings",
        )

    def call(self, inputs: Tensor, position_ids: Tensor | None = None) -> Tensor:
        if position_ids is None:
            check_length(inputs.shape[1], self.max_length**2)
            position_ids = ops.arange(ops.shape(inputs)[1], dtype="int32")[None]
        table = ops.cast(self.embeddings, inputs.dtype)
        table = (table - self.alpha * table[:1]) / (1 - self.alpha)
        first: Any = ops.take(table, position_ids // self.max_length, axis=0)
        second: Any = ops.take(table, position_ids % self.max_length, axis=0)
        return inputs + self.alpha * first + (1 - self.alpha) * second

    def compute_output_shape(self, inputs_shape: Any, *_: Any) -> Any:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "alpha": self.alpha,
            "initializer": keras.initializers.serialize(self.initializer),
        }


def check_alpha(alpha: Any) -> None:
    """Refuse a share of the first digit that cannot be.

    Raises:
        ConfigError: if it is not between 0 and 1, or is a half.
    """
    is_number = isinstance(alpha, int | float) and not isinstance(alpha, bool)
    if not is_number or not 0 < alpha < 1 or alpha == 0.5:
        raise ConfigError(
            "The alpha of hierarchical positions must be between 0 and 1 and not 0.5. "
            f"Received: {alpha!r}."
        )
