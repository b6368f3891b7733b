"""Before Keras is imported: the backend must be there, and its noise must not."""

import logging
import os
import sys

from kewen.backend import require_backend
from kewen.cli.compiled import keep_compiled
from kewen.cli.guard import debugging

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


def _silence() -> None:
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    # "An NVIDIA GPU may be present ..." and the like.
    for name in ("jax", "jax._src.xla_bridge", "absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
