"""How a command ends: errors become one paragraph and an exit code, no traceback.

0    it worked
1    a bug of kewen's
2    input, files or surroundings are not as they must be
130  Ctrl-C
141  nobody reads the output any more (`kewen predict ... | head`)
143  it was told to end (`kill`, a batch system); temporary files are gone
"""

import functools
import os
import shutil
import signal
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, ParamSpec

import typer

from kewen.errors import KewenError
from kewen.visible import visible

BUG, BAD_INPUT, INTERRUPTED, BROKEN_PIPE, TERMINATED = 1, 2, 130, 141, 143
DEBUG_VARIABLE = "KEWEN_DEBUG"
WIDEST = 100  # longer lines are hard to read

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The same command, ending as the table above says."""

    @functools.wraps(command)
    def ends_well(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _tidy_when_terminated(), _warnings_as_notes():
                command(*args, **kwargs)
                sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BaseException as error:
            raise typer.Exit(_report(error)) from None

    return ends_well


def debugging() -> bool:
    """Whether the user wants to see tracebacks and other libraries' noise."""
    return os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0")


def say(message: str) -> None:
    """A paragraph on stderr: wrapped for a terminal, one line for a log."""
    paragraph = visible(" ".join(message.split()))
    if sys.stderr.isatty():
        width = min(shutil.get_terminal_size().columns, WIDEST)
        paragraph = textwrap.fill(
            paragraph, width, break_long_words=False, break_on_hyphens=False
        )
    sys.stderr.write(f"{paragraph}\n")
    sys.stderr.flush()


def tell_engine(report: str) -> None:
    """What an engine says about itself; Keras says nothing."""
    if report:
        say(report)


def _report(error: BaseException) -> int:
    """Say what happened; the exit code."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return BROKEN_PIPE
    if debugging():
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        say("Interrupted.")
        return INTERRUPTED
    if isinstance(error, KewenError):
        say(f"Error: {error}")
        return BAD_INPUT
    if isinstance(error, OSError) and error.filename is not None:
        say(
            f"Error: {error.filename} cannot be used. Received from the system: "
            f"{error.strerror}. Check the path and your rights on it."
        )
        return BAD_INPUT
    if isinstance(error, MemoryError):
        say("Error: there is not enough memory. Try a smaller --batch-size.")
        return BAD_INPUT
    say(
        f"Error: this is a bug in kewen, not in what you typed. Received: "
        f"{type(error).__name__}: {error}. Run the same line with --debug for the "
        "traceback, and report both, with what `kewen doctor` prints."
    )
    return BUG


def _drop_output() -> None:
    """Else Python complains once more when it flushes stdout at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _tidy_when_terminated() -> Generator[None]:
    """SIGTERM unwinds as Ctrl-C does; by default it leaves temporary files behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


@contextmanager
def _warnings_as_notes() -> Generator[None]:
    """Kewen's own warnings as paragraphs; other libraries' only when debugging."""
    usual = warnings.showwarning

    def show(message: Any, category: type[Warning], *rest: Any) -> None:
        if category.__module__.startswith("kewen."):
            say(f"Warning: {message}")
        elif debugging():
            usual(message, category, *rest)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
