"""First values of weights, drawn on the host.

NumPy draws the same numbers for every backend, and compiles nothing: on JAX each new
shape of Keras' own truncated normal costs a compilation, which for a small BERT is most
of the time to build it.
"""

import math
import mmap
import random
from typing import Any

import keras
import numpy as np

LIMIT = 2.0  # standard deviations; BERT's, and Keras' own


@keras.saving.register_keras_serializable("kewen")
class TruncatedNormal(keras.initializers.Initializer):
    """Normal numbers around 0; those beyond two standard deviations are drawn anew.

    Every call draws from a new seed, taken from Python's `random` as Keras does, so one
    object may serve several weights, and `kewen.training.seeded` governs it.

    Args:
        stddev: standard deviation before truncation.
    """

    def __init__(self, stddev: float = 0.02) -> None:
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        generator = np.random.default_rng(random.randrange(2**63))
        values = generator.standard_normal(shape, dtype="float32")
        beyond = np.abs(values) > LIMIT
        while count := int(beyond.sum()):
            values[beyond] = generator.standard_normal(count, dtype="float32")
            beyond = np.abs(values) > LIMIT
        return keras.ops.convert_to_tensor(values * np.float32(self.stddev), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"stddev": self.stddev}


@keras.saving.register_keras_serializable("kewen")
class Unset(keras.initializers.Initializer):
    """Zeros, for weights that a checkpoint is about to give.

    They lie in pages that the kernel promises and gives at the first write, and there
    is none: JAX takes the memory as it is, and drops it for the checkpoint's. Nothing
    is compiled either, which Keras' own zeros and ones are on JAX, a shape each.
    """

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        promised = mmap.mmap(-1, max(4 * math.prod(shape), 1))
        zeros = np.frombuffer(promised, np.float32, math.prod(shape)).reshape(shape)
        return keras.ops.convert_to_tensor(zeros, dtype)


@keras.saving.register_keras_serializable("kewen")
class DeepNormal(keras.initializers.Initializer):
    """Truncated normal numbers that become smaller as a model becomes deeper.

    Their standard deviation after truncation is `num_layers ** (-1 / order)` over the
    square root of the numbers that a kernel sums up.

    Args:
        num_layers: of the model.
        order: 2 in RoFormerV2, 3 in GAU-alpha.
        width: what a kernel of more than two axes sums up.

    Source: kexue.fm 8998 and 9052.
    """

    LOST = 1.13684723  # what truncation takes of a standard deviation

    def __init__(self, num_layers: int, order: int, width: int) -> None:
        self.num_layers = num_layers
        self.order = order
        self.width = width

    def __call__(self, shape: Any, dtype: Any = None, **options: Any) -> Any:
        summed = self.width
        if len(shape) == 2:  # a table is known by its many rows, or its few
            summed = shape[0] if 10 <= shape[0] <= 10000 else shape[1]
        depth = max(self.num_layers, 1) ** (-1 / self.order)
        return TruncatedNormal(self.LOST * summed**-0.5 * depth)(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            "num_layers": self.num_layers,
            "order": self.order,
            "width": self.width,
        }


@keras.saving.register_keras_serializable("kewen")
class Zeros(keras.initializers.Initializer):
    """Keras' zeros, made on the host: on JAX each of Keras' shapes is compiled."""

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        return keras.ops.convert_to_tensor(np.zeros(shape, "float32"), dtype)


def another(initializer: Any) -> Any:
    """The same initializer for one more weight.

    One random object of Keras' used twice would give the same values twice.
    """
    if not isinstance(initializer, keras.initializers.Initializer):
        return initializer
    return type(initializer).from_config(initializer.get_config())
