"""Ctrl-C is heard at once, or else at the next step."""

import contextlib
import signal
import threading

import pytest

from kewen.training.interruption import Interruption


def press():
    """What Python does when the signal has come; a real one would end a test worker."""
    signal.getsignal(signal.SIGINT)(signal.SIGINT, None)


@pytest.fixture(autouse=True)
def _python_handles_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_interrupts_at_once():
    with pytest.raises(KeyboardInterrupt), Interruption().watching():
        press()


def test_ctrl_c_that_was_swallowed_interrupts_at_the_end_of_the_step():
    interruption = Interruption()
    with interruption.watching():
        with contextlib.suppress(KeyboardInterrupt):
            press()
        with pytest.raises(KeyboardInterrupt):
            interruption.on_train_batch_end(0)


def test_steps_without_ctrl_c_go_on():
    interruption = Interruption()
    with interruption.watching():
        interruption.on_train_batch_end(0)


def test_handler_is_pythons_own_again_afterwards():
    with Interruption().watching():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handler_of_a_program_stays():
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    with Interruption().watching():
        press()
    assert heard == [1]


def test_thread_that_cannot_handle_signals_trains_as_ever():
    failed = []

    def work():
        try:
            with Interruption().watching():
                pass
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed
