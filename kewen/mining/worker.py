"""What runs in a worker process: it applies one function to items that come by a pipe.

`kewen.mining.parallel` starts it. It imports little, since every worker pays for it.
"""

import gc
import os
import pickle
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

AHEAD = 2  # tasks that lie at a worker: one in work, one that waits


@dataclass(frozen=True, slots=True)
class Failure:
    """What a function raised on an item; `error` is None if it does not travel."""

    index: int  # of the item
    item: str  # its beginning
    summary: str  # kind and message
    trace: str  # as Python prints it
    error: Exception | None


def apply(
    function: Callable[..., Any], item: Any, index: int, seed: int | None
) -> Any | Failure:
    """The function's value, or what it raised.

    Args:
        function: of the item, and of a random generator too if there is a seed.
        item: whatever it takes.
        index: the item's position; with the seed it decides all that is drawn.
        seed: or None for a function without chance.
    """
    try:
        if seed is None:
            return function(item)
        sequence = np.random.SeedSequence(seed, spawn_key=(index,))
        return function(item, np.random.default_rng(sequence))
    except Exception as error:
        return failure_of(error, item, index)


def failure_of(error: Exception, item: Any, index: int) -> Failure:
    """An error as something that can be sent."""
    try:
        item = repr(item)
    except Exception:
        item = f"a {type(item).__name__}"
    return Failure(
        index,
        item if len(item) <= 100 else f"{item[:100]} …",
        f"{type(error).__name__}: {error}",
        "".join(traceback.format_exception(error)),
        error if _travels(error) else None,
    )


def serve(connection: Connection, pickled: bytes, seed: int | None) -> None:
    """Work until nobody sends any more.

    Args:
        connection: gives (index of the first item, items), takes their values.
        pickled: the function. Not an argument of the process, whose own unpickling
            could tell nobody of an error.
        seed: as for `apply`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    tasks: queue.Queue[bytes] = queue.Queue(AHEAD)
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    try:
        function = pickle.loads(pickled)
    except Exception as error:
        function = _Unfound(error)
    gc.freeze()  # what is loaded by now stays; not to be looked through each time
    while True:
        index, items = pickle.loads(tasks.get())
        connection.send_bytes(_answer(function, items, index, seed))


class _Unfound:
    """Stands for a function that is not where its name says."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *arguments: Any) -> Any:
        raise self.error


def _answer(
    function: Callable[..., Any], items: Sequence[Any], index: int, seed: int | None
) -> bytes:
    """(Index of the first item, values up to the first failure), pickled."""
    values: list[Any] = []
    for place, item in enumerate(items, index):
        values.append(apply(function, item, place, seed))
        if isinstance(values[-1], Failure):
            break
    try:
        return pickle.dumps((index, values), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return pickle.dumps((index, [failure_of(error, items[0], index)]))


def _receive(connection: Connection, tasks: "queue.Queue[bytes]") -> None:
    """Take tasks while others are in work, and end the process with its parent.

    The pipe ends when the parent does, killed or not; whatever is in work then is for
    nobody. So that no worker outlives its parent, nothing here waits for it.
    """
    while True:
        try:
            task = connection.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)
        tasks.put(task)


def _travels(error: Exception) -> bool:
    try:
        return isinstance(pickle.loads(pickle.dumps(error)), type(error))
    except Exception:
        return False
