"""Work for a process with another backend of Keras: each has one from its start."""

import os
import subprocess
import sys
from pathlib import Path

from kewen.backend import DRAWS
from kewen.errors import EngineError

TIMEOUT_S = 1800


def draw_elsewhere(backend: str, module: str, source: Path, target: Path) -> None:
    """Run `python -m module source target` with that backend.

    Args:
        backend: of Keras.
        module: reads a `.keras` file and writes another.
        source: that file.
        target: what must be there afterwards.

    Raises:
        EngineError: if it is not, with the last line that the process said.
    """
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        DRAWS: "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, str(source), str(target)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(
            f"An export runs in a process of its own, with Keras on {backend}. "
            f"Received: {error}."
        ) from error
    if done.returncode or not target.is_file():
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EngineError(
            f"Every layer of a model must be one that can be drawn with Keras on "
            f"{backend}. Received: {said[-1][:300]}."
        )
