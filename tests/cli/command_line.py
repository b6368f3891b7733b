"""What the tests of the command line share: places and an ending."""

import sys
from pathlib import Path
from typing import NamedTuple

PROGRAM = [sys.executable, "-m", "kewen.cli"]
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


class Ended(NamedTuple):
    """What a command line left behind."""

    code: int
    out: str
    err: str
