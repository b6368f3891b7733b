"""Functions that worker processes find by name, and programs that start workers."""

import os
import signal
import time
from pathlib import Path

from kewen.errors import DataError

HERE = Path(__file__).parent


def square(number):
    return number * number


def drawn(number, rng):
    return number, int(rng.integers(1 << 30))


def slow_first(number):
    if number == 0:
        time.sleep(0.3)
    return number


def fail_on_seven(number):
    if number == 7:
        raise ValueError("seven is not allowed")
    return number


def data_error(number):
    raise DataError(f"line {number} is bad")


class Untravelling(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def raise_untravelling(number):
    raise Untravelling(number, "x")


def give_a_lambda(number):
    return lambda: number


def kill_on_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def process_id(number):
    time.sleep(0.01)
    return os.getpid()


def by_twos(text):
    """Pairs of neighbouring characters."""
    return [text[i : i + 2] for i in range(len(text) - 1)]


def words_but_bad(text):
    if "bad" in text:
        raise ValueError("a bad text")
    return text.split()


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def ended(pids, within_s: float = 10.0) -> bool:
    """Whether all of them end soon."""
    until = time.monotonic() + within_s
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


# A shell's background jobs ignore SIGINT, and so would this one as their child.
PARENT = """
import itertools, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {here!r})
from jobs import process_id
from kewen.mining import parallel_apply

pids = set()
for pid in parallel_apply(process_id, itertools.count(), workers=2, ordered=False):
    if pid not in pids:
        pids.add(pid)
        print(pid, flush=True)
"""
