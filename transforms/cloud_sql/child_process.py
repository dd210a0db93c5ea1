"""A child process, started and read by a thread that lives as long as it does."""

import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Thread

from transforms.cloud_sql.child_output import Output

SECONDS_TO_END = 5.0
Popen = subprocess.Popen[bytes]


class ChildProcess:
    """A running program.

    Linux counts the thread that starts a program as its parent: a program that asked to be ended with its parent ends
    with that thread. A worker's threads come and go, so a thread is kept as long as the program runs.

    Attributes:
        pid: The process id.
        output: Its standard output and error.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        started: Future[tuple[Popen, Output]] = Future()
        self._keeper = Thread(target=_keep, args=(command, environment, started), name=command[0], daemon=True)
        self._keeper.start()
        self._popen, self.output = started.result()
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        """Whether it runs, judged by its output: only one thread may wait for the process, and the keeper does."""
        return self.output.is_open()

    def await_end(self, seconds: float) -> int | None:
        """Its exit code once it has ended, negative for a signal; None if it still runs after `seconds`."""
        self._keeper.join(seconds)
        return None if self._keeper.is_alive() else self._popen.returncode

    def end(self) -> None:
        """End it with SIGTERM, and with SIGKILL if it runs on for `SECONDS_TO_END`."""
        self._popen.terminate()
        if self.await_end(SECONDS_TO_END) is None:
            self._popen.kill()
            self.await_end(SECONDS_TO_END)


def _keep(command: Sequence[str], environment: Mapping[str, str], started: Future[tuple[Popen, Output]]) -> None:
    try:
        popen = _started(command, environment)
    except OSError as error:
        started.set_exception(error)
        return
    output = Output(popen.stdout)  # type: ignore[arg-type] # it is a pipe
    started.set_result((popen, output))
    output.read_to_end()
    popen.wait()


def _started(command: Sequence[str], environment: Mapping[str, str]) -> Popen:
    """Start it in a new session: an interrupt from the terminal must not end what the command may still need."""
    return subprocess.Popen(  # noqa: S603 - a program found by name, with arguments we build
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
