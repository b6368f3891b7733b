"""One function over many items in worker processes, with bounded memory.

Workers are started, not forked: a fork of a process in which JAX or another library
runs threads may hang. `docs/design/counting.md` says more.
"""

import os
import pickle
import sys
import types
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from kewen.errors import ConfigError, KewenError, WorkerError
from kewen.mining.worker import AHEAD, Failure, apply, serve
from kewen.settings import at_least

T = TypeVar("T")
R = TypeVar("R")

WINDOW = 4  # tasks a worker that are begun and not yet handed out
JOIN_S = 5.0
IN_MAIN = b"__main__"  # is in the pickle of what the main program defines


def parallel_apply(
    function: Callable[..., R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    ordered: bool = True,
    seed: int | None = None,
    batch: int = 1,
) -> Iterator[R]:
    """The function's value of each item, computed by several processes.

    Items are taken as they are needed, a few ahead of what is handed out, so they may
    be without end. Leaving the loop ends the workers, and so does the end of this
    process, however it comes.

    Args:
        function: of an item; with a seed, of an item and a `numpy.random.Generator`.
            Other processes find it by its name, so it must be one of a module.
        items: whatever can be pickled.
        workers: processes; 1 computes here, None takes as many as there are cores.
        ordered: values come in the order of the items; else as they are ready.
        seed: the generator of an item depends on it and on the item's index, not on
            the number of workers.
        batch: items that travel together; many, if the function is quick.

    Returns:
        An iterator over the values.

    Raises:
        ConfigError: at once, for a number that cannot be, or a function that has no
            name elsewhere.
        WorkerError: if the function fails on an item, or a worker dies. Errors of
            kewen's own kinds, which say where, come as they are.

    Source: lesson 7031, whose `parallel_apply` this replaces.
    """
    count = checked_workers(workers)
    batch = at_least("batch", batch, 1)
    seed = None if seed is None else at_least("seed", seed, 0)
    if not isinstance(items, Iterable):
        raise ConfigError(f"items must be gone through. Received: {items!r:.100}.")
    if count == 1:
        return _here(function, items, seed)
    pool = _Pool(_pickled(function), count, seed, WINDOW * count)
    return _elsewhere(pool, _batches(items, batch), ordered)


def checked_workers(workers: int | None) -> int:
    """How many processes; as many as there are cores if None.

    Raises:
        ConfigError: if there would be none.
    """
    return cores() if workers is None else at_least("workers", workers, 1)


def cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pickled(function: Callable[..., Any]) -> bytes:
    try:
        pickled = pickle.dumps(function)
        main = sys.modules["__main__"]
        if IN_MAIN in pickled and not Path(getattr(main, "__file__", "")).is_file():
            raise TypeError("no file holds it")
        return pickled
    except Exception as error:
        raise ConfigError(
            "Worker processes find a function by its name, so it must be defined at "
            "the top of a module's file: not inside another function, not by lambda, "
            "not in a notebook or at a prompt. "
            f"Received: {function!r} ({error}). Move it, or take workers=1."
        ) from error


def _here(
    function: Callable[..., R], items: Iterable[Any], seed: int | None
) -> Iterator[R]:
    for index, item in enumerate(items):
        yield _checked(apply(function, item, index, seed))


def _batches(items: Iterable[T], size: int) -> Iterator[tuple[int, list[T]]]:
    source = iter(items)
    index = 0
    while some := list(islice(source, size)):
        yield index, some
        index += len(some)


def _elsewhere(
    pool: "_Pool", tasks: Iterator[tuple[int, list[Any]]], ordered: bool
) -> Generator[Any]:
    with pool:
        done: dict[int, list[Any]] = {}
        following = 0
        more = True
        while more or done or pool.busy:
            while more and pool.takes(len(done)):
                task = next(tasks, None)
                more = task is not None
                if task is not None:
                    pool.send(*task)
            if pool.busy and (following not in done or not ordered):
                done.update(pool.received())
            for index in [following] if ordered else list(done):
                for value in done.pop(index, ()):
                    # With what is ready handed out, the workers have two tasks each.
                    yield _checked(value)
                    following += 1


def _checked(value: Any) -> Any:
    if not isinstance(value, Failure):
        return value
    if isinstance(value.error, KewenError):
        raise value.error
    wrapped = WorkerError(
        f"The function failed on item {value.index}, {value.item}. Received: "
        f"{value.summary}. Correct the function, or leave the item out."
    )
    cause = value.error or RuntimeError(value.summary)
    cause.add_note(f"In the worker:\n{value.trace}")
    raise wrapped from cause


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    tasks: deque[int] = field(default_factory=deque[int])  # first items of each


class _Pool:
    """Some workers, and what each has in hand."""

    def __init__(
        self, pickled: bytes, count: int, seed: int | None, window: int
    ) -> None:
        self._pickled, self._seed = pickled, seed
        self._count, self._window = count, window
        self._workers: list[_Worker] = []

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(JOIN_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()

    @property
    def busy(self) -> bool:
        return any(worker.tasks for worker in self._workers)

    def takes(self, waiting: int) -> bool:
        """Whether one more task may be begun while so many values wait."""
        begun = sum(len(worker.tasks) for worker in self._workers)
        most = AHEAD * self._count
        return begun < most and begun + waiting < self._window

    def send(self, index: int, items: list[Any]) -> None:
        """Give a task to who has least in hand; the first tasks start the workers."""
        if len(self._workers) < self._count:
            self._workers.append(self._started())
            worker = self._workers[-1]
        else:
            worker = min(self._workers, key=lambda each: len(each.tasks))
        try:
            task = pickle.dumps((index, items), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise WorkerError(
                f"Items travel to other processes by pickle. Received: item {index} "
                f"or one of its batch, which cannot ({error}). Take workers=1."
            ) from error
        worker.tasks.append(index)
        with suppress(BrokenPipeError, ConnectionResetError):  # `received` says it
            worker.connection.send_bytes(task)

    def received(self) -> dict[int, list[Any]]:
        """The values of what is ready, by the tasks' first items; at least one."""
        values: dict[int, list[Any]] = {}
        by_connection = {w.connection: w for w in self._workers if w.tasks}
        for ready in wait(list(by_connection)):
            worker = by_connection[ready]  # type: ignore[index]
            try:
                index, some = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                raise self._death(worker) from None
            worker.tasks.remove(index)
            values[index] = some
        return values

    def _started(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=serve, args=(theirs, self._pickled, self._seed), daemon=True
        )
        with _main_left_alone(self._pickled):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _death(self, worker: _Worker) -> WorkerError:
        worker.process.join(JOIN_S)
        code = worker.process.exitcode
        how = (
            f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        )
        if IN_MAIN in self._pickled and code == 1:
            return WorkerError(
                "Worker processes run the main program again to find its function, so "
                "what else it does must stand under `if __name__ == '__main__':`. "
                "Received: a worker that did not come so far. Its own words are above."
            )
        return WorkerError(
            f"A worker process must live until its items are done. Received: its end "
            f"by {how}, with the batch from item {worker.tasks[0]} on in work. "
            "Signal 9 often means that memory ran out: take fewer workers or smaller "
            "items."
        )


@contextmanager
def _main_left_alone(pickled: bytes) -> Generator[None]:
    """Let workers start without running the main program again.

    They would, to find functions of it. Unless the function is one of these, that only
    takes time (importing a whole command line), and a script without the customary
    `if __name__ == "__main__"` would start itself over and over.
    """
    main = sys.modules["__main__"]
    if IN_MAIN in pickled:
        yield
        return
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
