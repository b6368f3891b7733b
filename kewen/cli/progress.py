"""Long work over texts or bytes: a bar on a terminal, lines in a pipe, on stderr."""

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# Large enough that batches of similar length are found within, small enough that the
# first results come soon.
CHUNK_TEXTS = 2048
SECONDS_BETWEEN_LINES = 10.0


def in_chunks(items: Sequence[T], what: str) -> Iterator[Sequence[T]]:
    """The items, some thousands at a time; shows how many are done.

    Args:
        items: N of them.
        what: is done to them, such as "embedded".
    """
    starts = range(0, len(items), CHUNK_TEXTS)
    chunks = (items[start : start + CHUNK_TEXTS] for start in starts)
    if len(starts) < 2:
        yield from chunks
    elif sys.stderr.isatty():
        yield from _with_bar(chunks, len(items), what)
    else:
        yield from _with_lines(chunks, len(items), what)


def _with_bar(
    chunks: Iterator[Sequence[T]], total: int, what: str
) -> Iterator[Sequence[T]]:
    # Late: rich takes a tenth of a second that short work does not need.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        for chunk in chunks:
            yield chunk
            progress.advance(task, len(chunk))


def _with_lines(
    chunks: Iterator[Sequence[T]], total: int, what: str
) -> Iterator[Sequence[T]]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        sys.stderr.write(f"{what} {done}/{total} texts\n")
        sys.stderr.flush()


Told = Callable[[int, int | None], None]


@contextmanager
def bytes_done(what: str) -> Generator[Told]:
    """Give a function that is told how many bytes are done, and of how many if known.

    Args:
        what: is done to them, such as "searched".
    """
    if not sys.stderr.isatty():
        yield _lines_now_and_then(what)
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), DownloadColumn(), TimeRemainingColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines_now_and_then(what: str) -> Told:
    said = time.monotonic()

    def show(done: int, total: int | None) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            of = "" if total is None else f"/{total / 1e9:.1f}"
            sys.stderr.write(f"{what} {done / 1e9:.1f}{of} GB\n")
            sys.stderr.flush()

    return show
