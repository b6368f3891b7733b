"""HSIC's test of independence: its level, its power, and what 20,000 points cost.

Level: how often independent samples are called dependent at 5 %. Power: how often
dependent ones are. Time and memory: each in a process of its own, with the kernels'
bandwidths from the data (the median distance).
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import publish
from kewen.metrics import text_table
from kewen.stats import hsic_test

Random = np.random.Generator
Pair = tuple[Any, Any]
LEVEL = 0.05
METHODS = ("permutation", "gamma")
PERMUTATIONS = 199
MEASURE = """
import json, re, sys, time
from pathlib import Path
import numpy as np
from kewen import stats
n, width = int(sys.argv[1]), int(sys.argv[2])
def kib(key):
    status = Path("/proc/self/status").read_text()
    return int(re.search(key + r":\\s+(\\d+) kB", status).group(1))
x, noise = np.random.default_rng(0).normal(size=(2, n, width))
y = x ** 2 + noise
before = kib("VmRSS")
start = time.perf_counter()
found = eval(sys.argv[3])
seconds = time.perf_counter() - start
print(json.dumps([seconds, before, kib("VmHWM"), str(found)]))
"""


def normal(random: Random, n: int) -> Pair:
    """Two independent normal samples."""
    x, y = random.normal(size=(2, n))
    return x, y


def skewed(random: Random, n: int) -> Pair:
    """An exponential sample, and one of Student's t with 2 degrees of freedom."""
    return random.exponential(size=n), random.standard_t(2, n)


def wide(random: Random, n: int) -> Pair:
    """Ten normal numbers a point, and a coin."""
    return random.normal(size=(n, 10)), random.integers(0, 2, n)


def line(random: Random, n: int) -> Pair:
    """A slope under as much noise again."""
    x, noise = random.normal(size=(2, n))
    return x, x + 2 * noise


def circle(random: Random, n: int) -> Pair:
    """Uncorrelated, and a function of each other up to sign and noise."""
    angle = random.uniform(0, 2 * np.pi, n)
    noise = 0.2 * random.normal(size=(2, n))
    return np.cos(angle) + noise[0], np.sin(angle) + noise[1]


def spread(random: Random, n: int) -> Pair:
    """Only the spread of y depends on x."""
    x, noise = random.normal(size=(2, n))
    return x, x * noise


def rejected(
    law: Callable[[Random, int], Pair], n: int, method: Any, trials: int
) -> float:
    """How often the test says "dependent" at the level of 5 %."""
    random = np.random.default_rng(n)
    hits = 0
    for _ in range(trials):
        found = hsic_test(
            *law(random, n),
            method=method,
            num_permutations=PERMUTATIONS,
            random_state=random,
        )
        hits += found.pvalue <= LEVEL
    return hits / trials


def shares(trials: int) -> str:
    """The table of levels and powers."""
    rows = []
    for what, laws in (
        ("level", (normal, skewed, wide)),
        ("power", (line, circle, spread)),
    ):
        for law in laws:
            for n in (20, 50, 100):
                found = [rejected(law, n, method, trials) for method in METHODS]
                print(law.__name__, n, found, file=sys.stderr, flush=True)
                says = (law.__doc__ or "").rstrip(".")
                rows.append([what, says, str(n), *(f"{each:.1%}" for each in found)])
    error = math.sqrt(LEVEL * (1 - LEVEL) / trials)
    return (
        text_table(["", "law", "n", *METHODS], rows)
        + f"\n{trials} samples each; standard error of a level of 5 %: {error:.1%}; "
        f"{PERMUTATIONS} permutations"
    )


def costs(n: int) -> str:
    """The table of seconds and memory."""
    rows = []
    half = n // 2
    for code, width in (
        ("stats.hsic(x, y)", 1),
        ("stats.hsic(x, y)", 64),
        ("stats.hsic_test(x, y, method='gamma').pvalue", 1),
        ("stats.cka(x, y)", 64),
        (f"stats.mmd_test(x[:{half}], y[:{half}], random_state=0).pvalue", 1),
    ):
        command = [sys.executable, "-c", MEASURE, str(n), str(width), code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, before, peak, found = json.loads(done.stdout.splitlines()[-1])
        extra = (peak - before) / 1024
        cells = [code, str(width), f"{seconds:.1f}", f"{before / 1024:.0f}"]
        rows.append(
            [*cells, f"{peak / 1024:.0f}", f"{extra:.0f}", f"{float(found):.4g}"]
        )
    head = ["call", "width", "seconds", "before MiB", "peak MiB", "peak - before"]
    return (
        text_table([*head, "answer"], rows)
        + f"\nn = {n:,}; one kernel matrix would have {8 * n * n / 2**20:,.0f} MiB"
    )


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000, help="samples of each law")
    parser.add_argument(
        "--n", type=int, default=20_000, help="points of the large ones"
    )
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    given = parser.parse_args()
    publish(
        "hsic_test",
        "HSIC: level and power of its test, time and memory of many points",
        f"{costs(given.n)}\n\n{shares(given.trials)}",
        write=given.write,
    )


if __name__ == "__main__":
    main()
