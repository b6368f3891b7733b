"""Before Keras is imported: the backend must be there, and its noise must not."""

import logging
import os
import sys
from importlib.util import find_spec

from kewen.backend import choose_backend
from kewen.cli.compiled import keep_compiled
from kewen.cli.guard import debugging
from kewen.errors import ConfigError, MissingExtraError

# Backend -> what pip must install for it.
BACKENDS = {"jax": "kewen", "torch": "kewen[torch]", "tensorflow": "kewen[tensorflow]"}

_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's and XLA's C++ logs, errors too
    "GRPC_VERBOSITY": "ERROR",
}


def prepare() -> None:
    """Make the process fit for models; call it before anything that imports Keras.

    Raises:
        MissingExtraError: if the chosen backend is not installed.
        ConfigError: if there is no such backend.
    """
    if not debugging():
        _silence()
    require_backend()
    keep_compiled()


def require_backend() -> None:
    """See `prepare`."""
    choose_backend()
    name = os.environ.get("KERAS_BACKEND", "")
    if name and name not in BACKENDS:
        raise ConfigError(
            f"Keras' backend must be one of {', '.join(BACKENDS)}. Received: {name!r}, "
            "from KERAS_BACKEND or Keras' config file. Set KERAS_BACKEND=jax."
        )
    if name and find_spec(name) is None:
        raise MissingExtraError(
            f"The backend {name} was chosen (KERAS_BACKEND or Keras' config file) and "
            f'is not installed. Install it with: pip install "{BACKENDS[name]}"; or '
            "choose another: KERAS_BACKEND=jax. `kewen doctor` shows what is there."
        )


def _silence() -> None:
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    # "An NVIDIA GPU may be present ..." and the like.
    for name in ("jax", "jax._src.xla_bridge", "absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
