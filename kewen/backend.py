"""Which of Keras' backends runs the models: JAX, unless somebody chose another.

Keras writes "tensorflow" into its config file by itself at its first import, so that
value there is no choice of anybody's; TensorFlow is chosen by `KERAS_BACKEND`.
"""

import json
import os
import sys
from pathlib import Path

DEFAULT = "jax"
NOBODYS_CHOICE = "tensorflow"


def choose_backend() -> None:
    """Set `KERAS_BACKEND` where it is open; too late or already chosen, do nothing."""
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    os.environ["KERAS_BACKEND"] = _configured() or DEFAULT


def _configured() -> str | None:
    home = os.environ.get("KERAS_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".keras"
        config = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
        backend = config.get("backend")
    except (OSError, ValueError, AttributeError, RuntimeError):  # the last: no home
        return None
    return backend if isinstance(backend, str) and backend != NOBODYS_CHOICE else None
