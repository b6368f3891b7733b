"""kill -9 while a checkpoint is saved: the last one loads, no part has a final name."""

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kewen.files import Rotation
from kewen.files.temporary import sweep

ROOT = Path(__file__).parents[2]
# Saves as a training does: two files a step, named by their own content; a folder that
# is replaced again and again; and says what it has finished.
WRITER = """
import hashlib, json, sys
from pathlib import Path
from kewen.files import Rotation, atomic_folder, atomic_write
root = Path(sys.argv[1])
rotation = Rotation(root / "steps", keep=2)
last = rotation.latest
step = int(last.name) if last else 0
while True:
    step += 1
    data = (b"%08d" % step) * 40_000
    with rotation.write_folder(f"{step:08d}") as folder:
        with atomic_write(folder / "state.bin") as file:
            for start in range(0, len(data), 32_000):
                file.write(data[start : start + 32_000])
        sum_ = hashlib.sha256(data).hexdigest()
        (folder / "state.json").write_text(json.dumps([step, sum_]))
    with atomic_folder(root / "model", overwrite=True) as folder:
        (folder / "state.bin").write_bytes(data)
        (folder / "state.json").write_text(json.dumps([step, sum_]))
    sys.stdout.write(f"{step}\\n")
    sys.stdout.flush()
"""


def step_of(folder: Path) -> int:
    """The step of a saved folder, all of it checked."""
    step, wanted = json.loads((folder / "state.json").read_text())
    data = (folder / "state.bin").read_bytes()
    assert hashlib.sha256(data).hexdigest() == wanted
    assert data[:8] == b"%08d" % step
    return step


def killed_at_random_moments(root: Path, kills: int) -> None:
    chance = random.Random(0)
    said = 0
    for _ in range(kills):
        command = [sys.executable, "-c", WRITER, str(root)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        first = process.stdout.readline()  # it is saving now
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        rest, complained = process.communicate()
        assert first and not complained, complained
        whole = [int(line) for line in (first + rest).split()]
        assert whole[0] > said
        said = max(whole)
        # Everything that has a final name is whole, and nothing finished is lost.
        for path in (root / "steps").glob("[0-9]*"):
            assert step_of(path) == int(path.name)
        latest = Rotation(root / "steps").latest
        assert latest is not None and step_of(latest) in (said, said + 1)
        assert step_of(root / "model") in (said, said + 1)
    for folder in (root, root / "steps"):
        sweep(folder)
    assert not list(root.rglob(".kewen-*"))
    assert len(list((root / "steps").glob("[0-9]*"))) <= 3


def test_a_kill_at_a_random_moment_of_saving_loses_nothing(tmp_path):
    killed_at_random_moments(tmp_path, 6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_200_kills_at_random_moments_of_saving_lose_nothing(tmp_path):
    killed_at_random_moments(tmp_path, 200)
