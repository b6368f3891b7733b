"""Where models run: asked by what is done another way there."""

from importlib import import_module
from typing import Any

import keras


def on_jax_cpu() -> bool:
    """Whether Keras' backend is JAX, and JAX' device the processor."""
    if keras.backend.backend() != "jax":
        return False
    jax: Any = import_module("jax")
    return jax.default_backend() == "cpu"
