"""The signals that end a command: noted, whoever handles them."""

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
    """Let SIGTERM and SIGHUP raise; gives what tells whether a signal has come that ends the command.

    An engine may take SIGINT away from Python, as Beam's job servers do: they stop their server and tell nobody, and
    what the job then fails with is only the signal's doing. Python itself notes every signal that it handles.
    """
    # Python lets only the main thread set handlers.
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    # What is ignored stays so: nohup starts a command that way, to let it live on without its terminal.
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
    """The first signal that ends a command, as what it raises; each has left its number as a byte."""
    try:
        numbers = os.read(read, 1 << 10)
    except BlockingIOError:
        return None
    return next((_ENDS[number] for number in numbers if number in _ENDS), None)
