"""kill -9 at random moments of a training, in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its children")


def killed(folder: Path, kills: int, *options: str) -> dict:
    paths = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    ended = subprocess.run(
        [sys.executable, str(HERE / "killed.py"), str(folder), str(kills), *options],
        env=os.environ
        | {
            "PYTHONPATH": paths,
            # Every life would compile the same again.
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_training_under_kills_ends_bit_for_bit_as_without(tmp_path):
    found = killed(tmp_path, 3)
    assert found["kills"] == 3 and found["same"]


def test_a_streamed_training_under_kills_ends_bit_for_bit_as_without(tmp_path):
    found = killed(tmp_path, 3, "--streamed")
    assert found["kills"] == 3 and found["same"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_streamed_training_under_100_kills_ends_bit_for_bit_as_without(tmp_path):
    found = killed(tmp_path, 100, "--streamed")
    assert found["kills"] == 100 and found["same"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_training_under_200_kills_ends_bit_for_bit_as_without(tmp_path):
    found = killed(tmp_path, 200)
    assert found["kills"] == 200 and found["same"]
