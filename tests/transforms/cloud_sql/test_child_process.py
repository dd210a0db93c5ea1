"""A program beside this process: how long it lives."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.servers.cloud_sql_path import await_end, is_alive
from transforms.cloud_sql import child_process
from transforms.cloud_sql.child_process import ChildProcess

FOREVER = ["sleep", "1000"]
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""
# A command that has started a program, says so, and waits.
STARTER = """
import sys
from transforms.cloud_sql.child_process import ChildProcess
child = ChildProcess(sys.argv[1:], {})
while child.output.lines() != ["up"]:  # by then the kernel knows whom to end it with
    assert child.is_alive()
print(child.pid, flush=True)
sys.stdin.read()
"""
SAYS_SO = ["sh", "-c", "echo up; exec sleep 1000"]


def with_setpriv(command: list[str]) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not on the PATH: install util-linux")
    return [setpriv, "--pdeathsig", "TERM", "--", *command]


def test_it_outlives_the_thread_that_wanted_it() -> None:
    """Linux sends the signal when a *thread* ends, so the one that asks must not be the one that starts."""
    started: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: started.append(ChildProcess(with_setpriv(FOREVER), {})))
    thread.start()
    thread.join()
    task = Path(f"/proc/self/task/{thread.native_id}")
    while task.exists():  # Python is done with a thread before the kernel is
        continue
    assert not await_end(started[0].pid, 0.2)
    started[0].end()
    assert not is_alive(started[0].pid)


def test_it_ends_when_its_starter_is_killed() -> None:
    command = [sys.executable, "-c", STARTER, *with_setpriv(SAYS_SO)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        assert is_alive(pid)
        starter.kill()
    assert await_end(pid)


def test_an_interrupt_from_the_terminal_is_not_for_it() -> None:
    process = ChildProcess(FOREVER, {})
    assert os.getsid(process.pid) == process.pid
    process.end()


def test_one_that_ignores_its_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "SECONDS_TO_END", 0.2)
    process = ChildProcess([sys.executable, "-c", DEAF], {})
    while process.output.lines() != ["deaf"]:
        assert process.is_alive()
    process.end()
    assert not is_alive(process.pid)


def test_its_exit_code_and_last_words_are_known_when_it_has_ended() -> None:
    process = ChildProcess(["sh", "-c", "echo out; echo err >&2; exit 7"], {})
    assert process.await_end(20) == 7
    assert process.output.lines() == ["out", "err"]
    assert not process.is_alive()


def test_one_that_was_ended_by_a_signal_is_known_by_it() -> None:
    process = ChildProcess(FOREVER, {})
    assert process.await_end(0) is None
    os.kill(process.pid, signal.SIGKILL)
    assert process.await_end(20) == -signal.SIGKILL


def test_a_program_that_cannot_be_run_is_an_error_of_the_caller() -> None:
    with pytest.raises(FileNotFoundError):
        ChildProcess(["/nonexistent"], {})
