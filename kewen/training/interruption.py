"""Ctrl-C that is not lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import keras


class Interruption(keras.callbacks.Callback):
    """Ends training at the next step if Ctrl-C was pressed and nobody heard.

    Python raises KeyboardInterrupt wherever it happens to be, and where that is a
    finalizer or a callback of the garbage collector (JAX has one) it prints a line and
    goes on.
    """

    pressed = False

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Keras' hook."""
        if self.pressed:
            self.pressed = False
            raise KeyboardInterrupt

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Remember Ctrl-C in this block; it interrupts at once as ever.

        Nothing is changed where a program handles the signal itself, or in a thread,
        where it cannot be handled.
        """
        before = signal.getsignal(signal.SIGINT)
        in_main = threading.current_thread() is threading.main_thread()
        if not in_main or before is not signal.default_int_handler:
            yield
            return

        def remember(number: int, frame: FrameType | None) -> None:
            self.pressed = True
            signal.default_int_handler(number, frame)

        signal.signal(signal.SIGINT, remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
