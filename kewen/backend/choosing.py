"""Which of Keras' backends runs the models: JAX, unless somebody chose another.

Keras writes "tensorflow" into its config file by itself at its first import, so that
value there is no choice of anybody's; TensorFlow is chosen by `KERAS_BACKEND`.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from kewen.errors import ConfigError, MissingExtraError, installing

# Backend -> the extra that brings it.
BACKENDS = {"jax": None, "torch": "torch", "tensorflow": "tensorflow"}
DRAWS = "KEWEN_DRAWS"  # set in a process that draws an export
DEFAULT = "jax"
NOBODYS_CHOICE = "tensorflow"


def choose_backend() -> None:
    """Set `KERAS_BACKEND` where it is open; too late or already chosen, do nothing."""
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    os.environ["KERAS_BACKEND"] = _configured() or DEFAULT


def require_backend() -> None:
    """Raise if the chosen backend does not run here; Keras' own words name no remedy.

    Raises:
        MissingExtraError: if the chosen backend is not installed.
        ConfigError: if there is no such backend.
    """
    choose_backend()
    name = os.environ.get("KERAS_BACKEND")
    if name is None:  # Keras was imported first
        return
    # An export is drawn on Keras' backend for OpenVINO, in a process of its own.
    if name not in BACKENDS and not os.environ.get(DRAWS):
        raise ConfigError(
            f"Keras' backend must be one of {', '.join(BACKENDS)}; models do not learn "
            f"on others. Received: {name!r}, from KERAS_BACKEND or Keras' config file. "
            "Set KERAS_BACKEND=jax."
        )
    if find_spec(name) is None:
        raise MissingExtraError(
            f"The backend {name} was chosen (KERAS_BACKEND or Keras' config file) and "
            f"is not installed. Run, {installing(BACKENDS.get(name))}; or choose "
            "another: KERAS_BACKEND=jax. `kewen doctor` shows what is there."
        )


def _configured() -> str | None:
    home = os.environ.get("KERAS_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".keras"
        config = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
        backend = config.get("backend")
    except (OSError, ValueError, AttributeError, RuntimeError):  # the last: no home
        return None
    return backend if isinstance(backend, str) and backend != NOBODYS_CHOICE else None
