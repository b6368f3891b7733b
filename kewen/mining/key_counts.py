"""How often each key occurs, for more keys than memory holds: sorted runs, merged.

A key is an int64. What is added is sorted and summed up, which NumPy does at some
hundred million keys a second; runs are merged when they fill the budget, and a merged
run that is still too large goes to a temporary file. Sums of integers are exact, so the
result does not depend on where the runs end.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError

Keys = NDArray[np.int64]
Run = tuple[Keys, Keys]  # keys, rising, and the sum of each
LEAST_BYTES = 1 << 20
ENTRY_BYTES = 16


class KeyCounts:
    """Sums by key, in bounded memory."""

    def __init__(self, memory_bytes: int = 1 << 30, folder: str | None = None):
        """Count nothing yet.

        Args:
            memory_bytes: what the runs may take before they are merged and, if that
                does not help, written to the disk; merging takes three times as much.
            folder: of temporary files; the system's own if None.
        """
        if memory_bytes < LEAST_BYTES:
            raise ConfigError(
                f"memory_bytes must be at least {LEAST_BYTES}. Received: "
                f"{memory_bytes}."
            )
        self._most = memory_bytes // ENTRY_BYTES
        self._runs: list[Run] = []
        self._held = 0  # entries in memory
        self._folder = tempfile.TemporaryDirectory(prefix="kewen-", dir=folder)
        self._spilled: list[Run] = []

    @property
    def num_spilled(self) -> int:
        """Runs that lie on the disk."""
        return len(self._spilled)

    def add(self, keys: Keys, amounts: Keys | None = None) -> None:
        """Count keys, in any order and repeated, each once or by its amount."""
        self.add_run(summed(keys, amounts))

    def add_run(self, run: Run) -> None:
        """Count what `summed` has summed up, such as in another thread."""
        self._runs.append(run)
        self._held += len(run[0])
        if self._held > self._most:
            self._runs = [merged(self._runs)]
            self._held = len(self._runs[0][0])
            if self._held > self._most // 2:
                self._spill()

    def result(self) -> Run:
        """All keys, rising, and their sums; in memory."""
        if not self._spilled:
            return merged(self._runs)
        parts = list(self.parts())
        return (
            np.concatenate([keys for keys, _ in parts]),
            np.concatenate([sums for _, sums in parts]),
        )

    def parts(self) -> Iterator[Run]:
        """The result in pieces that fit the budget, by rising keys."""
        runs = [*self._spilled, *self._runs]
        every = max(1, sum(len(keys) for keys, _ in runs) // self._most)
        # Evenly drawn keys of all runs cut the range into pieces of like size.
        step = max(1, self._most // (4 * max(1, len(runs))))
        sample = np.sort(np.concatenate([keys[::step] for keys, _ in runs]))
        chosen = np.linspace(0, len(sample) - 1, 2 * every + 1)[1:-1].astype(np.int64)
        begins = [0] * len(runs)
        for cut in [*np.unique(sample[chosen]), None]:
            ends = [
                len(keys) if cut is None else int(np.searchsorted(keys, cut))
                for keys, _ in runs
            ]
            pieces = [
                (np.asarray(keys[b:e]), np.asarray(sums[b:e]))
                for (keys, sums), b, e in zip(runs, begins, ends, strict=True)
            ]
            begins = ends
            yield merged(pieces)

    def close(self) -> None:
        """Drop what was counted, and the files."""
        self._runs, self._spilled = [], []
        self._folder.cleanup()

    def __enter__(self) -> "KeyCounts":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _spill(self) -> None:
        number = len(self._spilled)
        paths = [Path(self._folder.name) / f"{number}.{part}.npy" for part in "ks"]
        for path, array in zip(paths, self._runs[0], strict=True):
            np.save(path, array)
        keys, sums = (np.load(path, mmap_mode="r") for path in paths)
        self._spilled.append((keys, sums))
        self._runs, self._held = [], 0


def summed(keys: Keys, amounts: Keys | None = None) -> Run:
    """Sorted keys without repetition and the sum of each one's amounts (1 if None).

    Example: keys 5 3 5 give 3 5 and 1 2.
    """
    if amounts is None:
        keys = np.sort(keys)
    else:
        order = np.argsort(keys, kind="stable")
        keys, amounts = keys[order], amounts[order]
    if len(keys) == 0:
        return keys, np.zeros(0, np.int64)
    first = np.empty(len(keys), bool)
    first[0] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    begins = np.flatnonzero(first)
    if amounts is None:
        return keys[begins], np.diff(begins, append=len(keys))
    return keys[begins], np.add.reduceat(amounts, begins)


def merged(runs: list[Run]) -> Run:
    """One run of several."""
    if len(runs) == 1:
        return runs[0]
    nothing = np.zeros(0, np.int64)
    keys = np.concatenate([nothing, *(keys for keys, _ in runs)])
    sums = np.concatenate([nothing, *(sums for _, sums in runs)])
    return summed(keys, sums)
