"""Activations by the names that checkpoints use for them.

"gelu" is the exact one (with erf) everywhere in kewen, as in BERT and bert4keras; the
tanh approximation has its own names. The two differ by up to 5e-4, which is more than
parity tests forgive.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kewen.errors import ConfigError

Tensor = Any

_TANH_NAMES = ("gelu_tanh", "gelu_new", "gelu_pytorch_tanh", "gelu_fast")


@keras.saving.register_keras_serializable("kewen")
def gelu_tanh(x: Tensor) -> Tensor:
    """Gaussian error linear unit, tanh approximation (Hendrycks, Gimpel, 2016)."""
    return ops.gelu(x, approximate=True)


@keras.saving.register_keras_serializable("kewen")
def gelu_erf(x: Tensor) -> Tensor:
    """Gaussian error linear unit, exact (Hendrycks and Gimpel, 2016)."""
    return ops.gelu(x, approximate=False)


_BY_NAME: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": gelu_erf,
    "gelu_erf": gelu_erf,
    "gelu_python": gelu_erf,
    **dict.fromkeys(_TANH_NAMES, gelu_tanh),
    "relu": keras.activations.relu,
    "silu": keras.activations.silu,
    "swish": keras.activations.silu,
    "tanh": keras.activations.tanh,
    "sigmoid": keras.activations.sigmoid,
    "linear": keras.activations.linear,
}


def name_in_transformers(name: str) -> str:
    """What transformers calls the activation: its own names stay."""
    return {"gelu_tanh": "gelu_new", "gelu_erf": "gelu"}.get(name, name)


def name_in_bert4keras(name: str) -> str:
    """What bert4keras, and Keras 2.3 below it, call the activation."""
    if name in _TANH_NAMES:
        return "gelu_tanh"
    return {"gelu_erf": "gelu", "gelu_python": "gelu", "silu": "swish"}.get(name, name)


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation that config files call `name`.

    Raises:
        ConfigError: if no activation has that name.
    """
    if name not in _BY_NAME:
        raise ConfigError(
            f"An activation must be one of {sorted(_BY_NAME)}. Received: {name!r}."
        )
    return _BY_NAME[name]
