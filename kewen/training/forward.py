"""A model's answer to a batch, compiled once a shape, for several at a time."""

import threading
import weakref
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import keras
import numpy as np

from kewen.ops import on_jax_cpu

Inputs = Mapping[str, np.ndarray]
Forward = Callable[[Inputs], np.ndarray]

# Batches in flight on JAX' CPU: what in one is done by one core leaves the others to
# the other, and so does Python's part.
IN_FLIGHT = 2

_compiled: "weakref.WeakKeyDictionary[keras.Model, Any]" = weakref.WeakKeyDictionary()


def forward_of(model: keras.Model) -> tuple[Forward, int]:
    """Inputs by name to an array (B, ...), and how many calls at a time are best.

    On JAX it is the model under `jax.jit`, with the weights that it has now: Keras'
    own `predict_on_batch` gives its weights away and takes them back at every call, so
    that one call at a time is all it can do, and a checkpoint's memory is copied.
    """
    alone = model.run_eagerly or keras.distribution.distribution() is not None
    if keras.backend.backend() != "jax" or alone:
        return lambda inputs: np.asarray(model.predict_on_batch(dict(inputs))), 1
    if model not in _compiled:
        _compiled[model] = _Compiled(model)
    return _compiled[model].with_weights_of(model), IN_FLIGHT if on_jax_cpu() else 1


class _Compiled:
    def __init__(self, model: keras.Model) -> None:
        jax: Any = import_module("jax")
        known = weakref.ref(model)  # this is kept as long as the model, not longer

        def forward(trainable: Any, fixed: Any, inputs: Any) -> Any:
            model: Any = known()
            return model.stateless_call(trainable, fixed, inputs, training=False)[0]

        self._forward = jax.jit(forward)
        self._shapes: set[Any] = set()
        self._lock = threading.Lock()

    def with_weights_of(self, model: keras.Model) -> Forward:
        trainable = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]

        def run(inputs: Inputs) -> np.ndarray:
            inputs = dict(inputs)
            shapes = tuple((name, inputs[name].shape) for name in sorted(inputs))
            shape = len(trainable), shapes
            if shape in self._shapes:
                return np.asarray(self._forward(trainable, fixed, inputs))
            with self._lock:  # one thread at a time compiles
                found = np.asarray(self._forward(trainable, fixed, inputs))
                self._shapes.add(shape)
            return found

        return run
