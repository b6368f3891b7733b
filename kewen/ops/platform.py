"""Where models run: asked by what is done another way there."""

from importlib import import_module
from typing import Any

import keras


def on_jax_cpu() -> bool:
    """Whether Keras' backend is JAX, and JAX' device the processor."""
    return _jax_device() == "cpu"


def on_jax_gpu() -> bool:
    """Whether Keras' backend is JAX, and JAX' device a GPU."""
    return _jax_device() == "gpu"


def _jax_device() -> str | None:
    if keras.backend.backend() != "jax":
        return None
    jax: Any = import_module("jax")
    return jax.default_backend()
