"""Whether a model still has the weights that it had, and which ones they are."""

import hashlib
import json
from typing import Any

import keras
import numpy as np


class WeightsState:
    """Remembers a model's weights by what each change of them replaces.

    JAX' arrays cannot be changed: a new value is a new object. Torch counts a tensor's
    changes. Elsewhere the bytes are compared by their digest, which costs a pass over
    them. A look takes microseconds for the first two: it is taken at every call.

    Args:
        model: whose weights to watch.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether a weight is another one than when this was made."""
        now = self._look()
        return len(now) != len(self._seen) or any(
            value is not before or count != then
            for (value, count), (before, then) in zip(now, self._seen, strict=True)
        )

    def _look(self) -> list[tuple[Any, Any]]:
        values = [variable.value for variable in self._model.weights]
        if keras.backend.backend() == "jax":
            return [(value, None) for value in values]
        if keras.backend.backend() == "torch":
            return [(None, (id(value), value._version)) for value in values]
        return [(None, weights_digest(self._model))]


def weights_digest(model: keras.Model) -> str:
    """SHA-256 of all weights, with their paths and shapes, in the model's order."""
    total = hashlib.sha256()
    for variable in model.weights:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable.value))
        total.update(f"{variable.path} {value.shape} {value.dtype}\n".encode())
        total.update(value.reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def graph_digest(model: keras.Model) -> str:
    """SHA-256 of Keras' description of the model, its own name left out."""
    config = model.get_config()
    config.pop("name", None)
    text = json.dumps(config, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
