"""The angles of rotary positions, made once for all blocks that turn alike."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kewen.errors import ConfigError
from kewen.ops import check_rotary_scaling, dynamic_base, rotary_frequencies

Tensor = Any


@keras.saving.register_keras_serializable("kewen")
class RotaryAngles(keras.layers.Layer):
    """Cosine and sine of every pair's angle at every position.

    Angles are computed in float32, whatever the dtype policy: in half precision, near
    position 2048 neighbours would share an angle.

    Args:
        dim: features of a head that turn, even; the rest of the head stays.
        base: the slowest pair turns about 1 / base radians a position.
        scaling: see `kewen.ops.rotary_frequencies`.
        max_length: trained length, for the scaling "dynamic" only.

    Call arguments:
        position_ids: int, (B or 1, T).

    Returns:
        Two float32 tensors, (B or 1, T, dim / 2): cosine and sine.

    Source: Su et al., 2021, section 3.2.2 (arXiv 2104.09864), lesson 8265.
    """

    def __init__(
        self,
        dim: int,
        base: float = 10000.0,
        scaling: Mapping[str, Any] | None = None,
        max_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dim = dim
        self.base = base
        self.scaling = None if scaling is None else dict(scaling)
        self.max_length = max_length
        kind, numbers = check_rotary_scaling(scaling)
        self.factor = numbers["factor"] if kind == "dynamic" else None
        if kind == "dynamic" and max_length is None:
            raise ConfigError(
                "The rotary scaling dynamic needs max_length, the trained length. "
                "Received: max_length=None."
            )
        self.frequencies, self.sharpness = rotary_frequencies(dim, base, scaling)

    def call(self, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        positions = ops.cast(position_ids, "float32")
        if self.factor is None:
            frequencies = ops.convert_to_tensor(self.frequencies, "float32")
        else:
            frequencies = self._stretched(self.factor, ops.max(positions) + 1)
        angles = ops.multiply(ops.expand_dims(positions, -1), frequencies)
        return ops.cos(angles) * self.sharpness, ops.sin(angles) * self.sharpness

    def _stretched(self, factor: float, length: Tensor) -> Tensor:
        """The frequencies of "dynamic", for the longest text of the batch."""
        stretch = ops.maximum(length / self.max_length, 1.0)
        base = dynamic_base(self.base, self.dim, factor, stretch)
        exponents = -np.arange(0, self.dim, 2) / self.dim
        return base ** ops.convert_to_tensor(exponents, "float32")

    def compute_output_spec(
        self, position_ids: Any
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        shape = (*position_ids.shape, self.dim // 2)
        return keras.KerasTensor(shape, "float32"), keras.KerasTensor(shape, "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dim": self.dim,
            "base": self.base,
            "scaling": self.scaling,
            "max_length": self.max_length,
        }
