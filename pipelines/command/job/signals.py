"""The signals that end a command, noted even if an engine has taken over their handling."""

import contextlib
import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt no `except Exception` may swallow it."""


class HungUp(Terminated):
    """SIGHUP arrived: the terminal is gone."""


_ENDS: dict[int, BaseException] = {
    signal.SIGINT: KeyboardInterrupt("interrupted"),
    signal.SIGTERM: Terminated("terminated"),
    signal.SIGHUP: HungUp("the terminal hung up"),
}
_RAISED = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def noted_signals() -> Iterator[Callable[[], BaseException | None]]:
    """Make SIGTERM and SIGHUP raise; yields a function that returns the signal that ended the command, if any.

    An engine may take over SIGINT, as Beam's job servers do: they stop their server without a word, and the error with
    which the job then fails is only a consequence of the signal. Python itself notes every signal that it handles.
    """
    # Python lets only the main thread set handlers.
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    # An ignored signal stays ignored: nohup starts a command so, to keep it running without its terminal.
    heeded = [number for number in _RAISED if signal.getsignal(number) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, _raise) for number in heeded}
    noted = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield functools.partial(_arrived, read)
    finally:
        signal.set_wakeup_fd(noted)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def _raise(number: int, frame: FrameType | None) -> None:
    raise _ENDS[number]


def _arrived(read: int) -> BaseException | None:
    """The exception of the first signal that ends a command; Python has written each signal's number as a byte."""
    try:
        numbers = os.read(read, 1 << 10)
    except BlockingIOError:
        return None
    return next((_ENDS[number] for number in numbers if number in _ENDS), None)
