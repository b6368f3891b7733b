"""A file that one backend saved opens on the others, with equal outputs."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from kewen.backend import BACKENDS

ROOT = Path(__file__).parents[2]
HERE = [backend for backend in BACKENDS if find_spec(backend)]


def exchange(action, folder, backend):
    """The last line of a process on that backend; .ci/run does it in three places."""
    done = subprocess.run(
        [sys.executable, "tests/models/exchange.py", action, str(folder)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.skipif(len(HERE) < 2, reason="one backend is installed here")
def test_every_backend_opens_the_files_of_every_other(tmp_path):
    for backend in HERE:
        exchange("write", tmp_path, backend)
    for backend in HERE:
        said = exchange("read", tmp_path, backend)
        assert said.startswith(
            f"{backend} opens the files of {', '.join(sorted(HERE))}"
        )
