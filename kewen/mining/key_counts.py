"""How often each key occurs, for more keys than memory holds: sorted runs, merged.

A key is an int64. What is added is sorted and summed up, which NumPy does at some
hundred million keys a second; runs are merged when they fill the budget, and a merged
run that is still too large goes to a temporary file. Sums of integers are exact, so the
result does not depend on where the runs end.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kewen.errors import ConfigError

Keys = NDArray[np.int64]
Run = tuple[Keys, Keys]  # keys, rising, and the sum of each
LEAST_BYTES = 1 << 20
ENTRY_BYTES = 16
MERGING = 4  # what merging takes, in the size of what is merged


class KeyCounts:
    """Sums by key, in bounded memory."""

    def __init__(self, memory_bytes: int = 1 << 30, folder: str | None = None):
        """Count nothing yet.

        Args:
            memory_bytes: what the runs may take, their merging included, before they
                are written to the disk.
            folder: of temporary files; the system's own if None.
        """
        if memory_bytes < LEAST_BYTES:
            raise ConfigError(
                f"memory_bytes must be at least {LEAST_BYTES}. Received: "
                f"{memory_bytes}."
            )
        self._most = memory_bytes // ENTRY_BYTES // MERGING
        self._runs: list[Run] = []
        self._held = 0  # entries in memory
        self._folder = tempfile.TemporaryDirectory(prefix="kewen-", dir=folder)
        self._spilled: list[Spilled] = []

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

    def parts(self) -> Iterator[Run]:
        """All keys, rising, and their sums, in pieces that fit the budget."""
        held = [keys for keys, _ in self._runs]
        lists = [*(run.mapped() for run in self._spilled), *held]
        total = sum(map(len, lists))
        if total == 0:
            return
        every = max(1, total // self._most)
        # Evenly drawn keys of all runs cut the range into pieces of like size.
        step = max(1, self._most // (4 * len(lists)))
        sample = np.sort(np.concatenate([keys[::step] for keys in lists]))
        chosen = np.linspace(0, len(sample) - 1, 2 * every + 1)[1:-1].astype(np.int64)
        begins = [0] * len(lists)
        for cut in [*np.unique(sample[chosen]), None]:
            ends = [
                len(keys) if cut is None else int(np.searchsorted(keys, cut))
                for keys in lists
            ]
            spans = list(zip(begins, ends, strict=True))
            there = len(self._spilled)
            pieces = [
                run.read(*span)
                for run, span in zip(self._spilled, spans[:there], strict=True)
            ]
            pieces += [
                (keys[slice(*span)], sums[slice(*span)])
                for (keys, sums), span in zip(self._runs, spans[there:], strict=True)
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
        keys, sums = (Path(self._folder.name) / f"{number}.{part}" for part in "ks")
        for path, array in zip((keys, sums), self._runs[0], strict=True):
            array.tofile(path)
        self._spilled.append(Spilled(keys, sums))
        self._runs, self._held = [], 0


@dataclass(frozen=True)
class Spilled:
    """A run on the disk."""

    keys: Path
    sums: Path

    def mapped(self) -> Keys:
        """All keys, to look at a few of them."""
        return np.memmap(self.keys, np.int64, "r")

    def read(self, begin: int, end: int) -> Run:
        """A piece, in memory: pages of a mapped file would stay there too."""
        keys, sums = (
            np.fromfile(path, np.int64, end - begin, offset=8 * begin)
            for path in (self.keys, self.sums)
        )
        return keys, sums


def summed(
    keys: NDArray[Any], amounts: Keys | None = None
) -> tuple[NDArray[Any], Keys]:
    """Sorted keys without repetition and the sum of each one's amounts (1 if None).

    Keys are whole numbers of any type.

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
