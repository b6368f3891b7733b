"""Long work over many texts: a bar on a terminal, plain lines in a pipe, on stderr."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

# Large enough that batches of similar length are found within, small enough that the
# first results come soon.
CHUNK_TEXTS = 2048


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
