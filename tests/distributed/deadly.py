"""A cutter of words that kills the first process that calls it, once."""

import os
import signal
from pathlib import Path

VARIABLE = "KEWEN_TEST_KILLED"  # path of a file that says that it has happened


def words(text: str) -> list[str]:
    marker = Path(os.environ[VARIABLE])
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return text.split()
    os.kill(os.getpid(), signal.SIGKILL)
    return []
