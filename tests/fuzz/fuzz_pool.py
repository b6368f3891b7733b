"""Runs cases in a child process and starts another one where it dies."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORKER = Path(__file__).with_name("fuzz_worker.py")
SILENCE_S = 240  # of a whole case, for what waits without using the processor
MOST_DEATHS = 20


@dataclass(frozen=True)
class Finding:
    """A case that did not end as it must."""

    reader: str
    number: int
    complaint: str

    def __str__(self) -> str:
        return f"{self.reader}, case {self.number}: {self.complaint}"


def run(
    group: str, plan: list[tuple[str, int, int]], scratch: Path
) -> tuple[int, list[Finding]]:
    """How many cases ran, and those that did not end with an answer or our own error.

    Args:
        group: of the table of readers.
        plan: readers, each with its first case and the one behind its last.
        scratch: a folder for the spoiled files.
    """
    count, findings = 0, []
    left = list(plan)
    for _ in range(MOST_DEATHS):
        at = None
        for line in (worker := _Worker(group, left, scratch)):
            if line.startswith("> "):
                name, _, number = line[2:].partition("\t")
                at, count = (name, int(number)), count + 1
            elif line.startswith("! "):
                findings.append(Finding(*json.loads(line[2:])))
        if worker.status == 0:
            return count, findings
        if at is None:
            raise RuntimeError(f"the worker does not start: {worker.last_words}")
        findings.append(Finding(*at, f"ended {worker.how}: {worker.last_words}"))
        left = _behind(left, *at)
        if not left:
            return count, findings
    findings.append(Finding("all", 0, f"the worker died {MOST_DEATHS} times"))
    return count, findings


def _behind(
    plan: list[tuple[str, int, int]], reader: str, number: int
) -> list[tuple[str, int, int]]:
    """What of a plan comes after a case."""
    names = [name for name, _, _ in plan]
    place = names.index(reader)
    rest = [(reader, number + 1, plan[place][2]), *plan[place + 1 :]]
    return [(name, first, last) for name, first, last in rest if first < last]


class _Worker:
    """The lines of a worker; afterwards, how it ended."""

    def __init__(self, group: str, plan: list[tuple[str, int, int]], scratch: Path):
        # Without kewen's own heap, whose address space would hide what is asked for.
        env = os.environ | {"GLIBC_TUNABLES": "", "JAX_PLATFORMS": "cpu"}
        self._errors = scratch / "stderr.txt"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(WORKER), group, json.dumps(plan), str(scratch)],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
            )
        self.how = "by itself"

    @property
    def status(self) -> int:
        return self._process.returncode

    @property
    def last_words(self) -> str:
        return self._errors.read_text("utf-8", "replace")[-2000:]

    def __iter__(self) -> Iterator[str]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector, self._process.stdout as stdout:
            selector.register(stdout, selectors.EVENT_READ)
            rest = b""
            while True:
                if not selector.select(SILENCE_S):
                    self._process.kill()
                    self.how = "after it hung"
                part = os.read(stdout.fileno(), 1 << 16)
                if not part:
                    break
                *lines, rest = (rest + part).split(b"\n")
                yield from (line.decode() for line in lines)
        if self._process.wait() < 0 and self.how == "by itself":
            self.how = f"by signal {-self._process.returncode}"
