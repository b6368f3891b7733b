"""Every name of the room is where it says, and counting loads no more than it needs."""

import subprocess
import sys
from pathlib import Path

from kewen import mining

ROOT = Path(__file__).parents[2]


def test_every_name_is_found_where_it_is_said_to_be():
    assert mining.__all__ == sorted(mining._HOME_OF)
    assert all(getattr(mining, name).__name__ == name for name in mining.__all__)


def test_a_worker_loads_nothing_of_clusters_or_vectors():
    code = (
        "import sys, kewen.mining.worker, kewen.mining.counting\n"
        "sys.exit(' '.join({'scipy', 'numba', 'keras'} & sys.modules.keys()) or 0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
