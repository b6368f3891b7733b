"""Measure kewen and its peers in turns, and say on which machine.

Every subject lives in a process of its own, and the processes take turns: while one
runs, the others sleep on a pipe. In one process two frameworks would share memory, an
allocator and the cores: the idle workers of one thread pool (OpenMP's spin for a while
after each call) slow down the other, and which of the two suffers is chance. Turns,
instead of one subject after the other, let a slow minute of the machine hit all alike.

A run repeats short work until a second has passed: a virtual machine may stop its cores
for most of a second, and a single call says only whether it met such a stop. The
fastest single call is kept too: where cores are stopped that often, it shows the code,
and the median shows the machine.

A subject is a function that prepares everything and gives back the function to time,
which must return only when its answer is really there (JAX: `block_until_ready`).
"""

import argparse
import datetime
import math
import multiprocessing
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kewen import __version__
from kewen.files import atomic_write
from kewen.metrics import text_table

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PACKAGES = ("keras", "jax", "torch", "transformers", "numpy")
FEWEST_REPEATS = 5
RUN_S = 1.0
PAUSE_S = 0.005  # a scheduler's own pauses are shorter
# kewen stays away, and glibc does as it always does. Any of its MALLOC_ variables, even
# with a default value, would end its habit of keeping ever larger pieces.
PLAIN_MALLOC = {"GLIBC_TUNABLES": ""}
JOIN_S = 30.0  # how long a process may take to end


@dataclass(frozen=True)
class Subject:
    """One contestant. `make` and `arguments` travel to its process by pickle.

    `environment` is there from the start: this module imports kewen, which sets how
    memory is kept, so a peer as its users know it needs `PLAIN_MALLOC`.
    """

    name: str
    make: Callable[..., Callable[[], Any]]
    arguments: tuple[Any, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Timing:
    """What one subject took for one unit of work, run after run."""

    name: str
    preparing_s: float  # imports, building, loading
    first_s: float  # the first call, with what it compiles
    seconds: list[float] = field(default_factory=list)  # a call, in each timed run
    best_s: float = math.inf  # the fastest call of all timed runs
    answer: Any = None  # what the first run returned

    @property
    def median_s(self) -> float:
        """The middle of the timed runs."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        first, _, third = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (third - first) / 2 / self.median_s


def measure(
    subjects: Sequence[Subject],
    *,
    repeats: int = 7,
    warmup: int = 2,
    run_s: float = RUN_S,
) -> list[Timing]:
    """Run the subjects in turns, each `warmup` + `repeats` times.

    Args:
        subjects: ours first; each gets its own process.
        repeats: timed runs; at least five.
        warmup: runs before, not timed; the first of them is reported as `first_s`.
        run_s: how long a run calls short work again.
    """
    if repeats < FEWEST_REPEATS or warmup < 1:
        raise ValueError(
            f"A median needs at least {FEWEST_REPEATS} timed runs and one warm-up. "
            f"Received: repeats={repeats}, warmup={warmup}."
        )
    with ExitStack() as stack:
        workers, timings = [], []
        for subject in subjects:
            worker, preparing_s = stack.enter_context(_started(subject, run_s))
            first_s, _, answer = worker()
            workers.append(worker)
            timings.append(Timing(subject.name, preparing_s, first_s, answer=answer))
        for turn in range(1, warmup + repeats):
            for index in _order(len(workers), turn):
                seconds, best_s, _ = workers[index]()
                timing = timings[index]
                _say(f"turn {turn}: {timing.name}, {seconds:.3f} s a call")
                if turn >= warmup:
                    timing.seconds.append(seconds)
                    timing.best_s = min(timing.best_s, best_s)
    return timings


def _say(line: str) -> None:
    """Progress, apart from the result: a run may take minutes."""
    print(line, file=sys.stderr, flush=True)


def ratio(ours: Timing, peer: Timing) -> float:
    """Our throughput over the peer's: how many times faster we are."""
    return peer.median_s / ours.median_s


def ratio_at_best(ours: Timing, peer: Timing) -> float:
    """The same of the fastest calls, which no stop of the machine has hit."""
    return peer.best_s / ours.best_s


def speed_table(timings: Sequence[Timing], work: float, unit: str) -> str:
    """Throughput of each subject, and of the first over each other one.

    Args:
        timings: ours first.
        work: how many units one run does.
        unit: of the work, in plural, such as `texts`.
    """
    head = [
        "subject",
        f"{unit}/s",
        "median s",
        "spread",
        "first s",
        "ours is",
        "best s",
        "ours at best",
    ]
    rows = [
        [
            timing.name,
            f"{work / timing.median_s:.1f}",
            f"{timing.median_s:.3f}",
            f"±{100 * timing.spread:.1f} %",
            f"{timing.first_s:.2f}",
            "" if timing is timings[0] else f"{ratio(timings[0], timing):.2f} x",
            f"{timing.best_s:.4f}",
            ""
            if timing is timings[0]
            else f"{ratio_at_best(timings[0], timing):.2f} x",
        ]
        for timing in timings
    ]
    return text_table(head, rows)


def machine_line() -> str:
    """The machine, its state, the versions, the day and the commit, on one line."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"{_cpu_model()}, {os.cpu_count()} cores, {_ram_gib():.0f} GiB, a core ran "
        f"{running_share():.0%} of the time; "
        f"Python {platform.python_version()}, kewen {__version__}, {versions}; "
        f"{datetime.date.today().isoformat()}, commit {_commit()}"
    )


def running_share(seconds: float = 3.0) -> float:
    """How much of the time a busy core really runs; the rest it is stopped.

    A virtual machine's cores stop without the system inside noticing. A loop that only
    looks at the clock sees it: between two looks lie microseconds, or a stop.
    """
    began = last = time.perf_counter()
    stopped = 0.0
    while last - began < seconds:
        now = time.perf_counter()
        if now - last > PAUSE_S:
            stopped += now - last
        last = now
    return 1 - stopped / (last - began)


def common_arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=7, help="timed runs, >= 5")
    parser.add_argument("--warmup", type=int, default=2, help="runs before them")
    parser.add_argument(
        "--write", action="store_true", help="put the result into RESULTS.md"
    )
    return parser


def publish(
    name: str, title: str, body: str, *, write: bool, mark: str | None = None
) -> None:
    """Print a result with its command and machine; keep it only if asked to.

    `mark` is the section's name, where a script has several; else the script's.
    """
    given = [each for each in sys.argv[1:] if each != "--write"]
    # Where files lie on this machine is nobody's concern.
    options = [Path(x).name if Path(x).is_absolute() else x for x in given]
    command = shlex.join(["python", "-m", f"benchmarks.{name}", *options])
    section = f"## {title}\n\n`{command}`\n\n```\n{body}\n```\n\n{machine_line()}"
    print(f"\n{section}")
    if write:
        write_section(RESULTS, mark or name, section)


def write_section(path: Path, name: str, section: str) -> None:
    """Replace what stands between the marks of `name`, or append it with marks."""
    old = path.read_text("utf-8") if path.exists() else "# Measured speed\n"
    with atomic_write(path, overwrite=True, mode="w") as file:
        file.write(replaced_section(old, name, section))


def replaced_section(page: str, name: str, section: str) -> str:
    """The page with one section new and all others as they were."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    marked = f"{begin}\n{section.strip()}\n{end}"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if pattern.search(page):
        return pattern.sub(lambda _: marked, page, count=1)
    return f"{page.rstrip()}\n\n{marked}\n"


def _order(num_subjects: int, turn: int) -> list[int]:
    """Who comes after whom changes each turn, so nobody always follows the same."""
    forward = list(range(num_subjects))
    return forward if turn % 2 == 0 else forward[::-1]


Worker = Callable[[], tuple[float, float, Any]]


@contextmanager
def _started(subject: Subject, run_s: float) -> Iterator[tuple[Worker, float]]:
    """A process that has prepared the subject and waits for its turns."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, subject, run_s), daemon=True)
    before = dict(os.environ)
    os.environ.update(subject.environment)
    process.start()
    os.environ.clear()
    os.environ.update(before)
    theirs.close()
    try:
        preparing_s = _received(ours, subject)

        def one_run() -> tuple[float, float, Any]:
            ours.send(True)
            return _received(ours, subject)

        yield one_run, preparing_s
    finally:
        ours.close()
        process.join(JOIN_S)
        if process.is_alive():
            process.kill()


def _received(connection: Connection, subject: Subject) -> Any:
    try:
        return connection.recv()
    except EOFError as error:
        raise RuntimeError(
            f"The process of {subject.name!r} ended; its message stands above."
        ) from error


def _serve(connection: Connection, subject: Subject, run_s: float) -> None:
    """The subject's process: prepare, then one run for each message."""
    start = time.perf_counter()
    run = subject.make(*subject.arguments)
    connection.send(time.perf_counter() - start)
    first = True
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        calls = []
        began = now = time.perf_counter()
        while not calls or (now - began < run_s and not first):
            start = time.perf_counter()
            answer = run()
            now = time.perf_counter()
            calls.append(now - start)
        mean = sum(calls) / len(calls)
        connection.send((mean, min(calls), answer if first else None))
        first = False


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def has_avx512() -> bool:
    """Whether this processor does; those without multiply bfloat16 very slowly."""
    return " avx512f " in f" {_line_of('/proc/cpuinfo', 'flags')} "


def _cpu_model() -> str:
    return _line_of("/proc/cpuinfo", "model name") or platform.processor() or "CPU"


def _ram_gib() -> float:
    kib = _line_of("/proc/meminfo", "MemTotal").removesuffix("kB").strip()
    return float(kib or 0) / 2**20


def _line_of(path: str, key: str) -> str:
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2] for line in lines if line.startswith(key))
    return next(found, "").strip()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
