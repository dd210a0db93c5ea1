import os
import signal
import subprocess
import sys
import threading

import pytest

from pipelines.command.job.signals import HungUp, Terminated, noted_signals


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGTERM, Terminated), (signal.SIGHUP, HungUp), (signal.SIGINT, KeyboardInterrupt)],
)
def test_a_signal_that_ends_a_command_is_raised_and_noted(number: signal.Signals, kind: type[BaseException]) -> None:
    with noted_signals() as arrived:
        assert arrived() is None
        with pytest.raises(kind):
            signal.raise_signal(number)
        assert isinstance(arrived(), kind)


def test_a_signal_is_noted_even_if_an_engine_handles_it() -> None:
    with noted_signals() as arrived:
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert isinstance(arrived(), KeyboardInterrupt)


def test_handlers_are_as_before_when_the_block_ends() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    with noted_signals():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_an_ignored_signal_stays_ignored() -> None:
    script = """
import os, signal
from pipelines.command.job.signals import noted_signals
with noted_signals() as arrived:
    os.kill(os.getpid(), signal.SIGHUP)
    print(arrived())
"""
    ended = subprocess.run(
        ["nohup", sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert "HungUp" not in ended.stdout


def test_another_thread_than_the_main_one_notes_nothing() -> None:
    found: list[object] = []

    def run() -> None:
        with noted_signals() as arrived:
            found.append(arrived())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [None]
