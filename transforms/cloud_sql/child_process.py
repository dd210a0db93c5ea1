"""A program that runs beside this process, started and heard by a thread of its own."""

import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Thread

from transforms.cloud_sql.child_output import Output

SECONDS_TO_END = 5.0
Popen = subprocess.Popen[bytes]


class ChildProcess:
    """A running program.

    Linux counts the thread that starts a program as its parent, and ends the program with that thread if it was asked
    to end it with its parent. A worker's threads come and go, so this one stays as long as the program runs.

    Attributes:
        pid: The process.
        output: What it says on its standard output and error.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        started: Future[tuple[Popen, Output]] = Future()
        self._keeper = Thread(target=_keep, args=(command, environment, started), name=command[0], daemon=True)
        self._keeper.start()
        self._popen, self.output = started.result()
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        """Whether it runs. Its output tells; the system tells one thread at a time, and the keeper may be asking."""
        return self.output.is_open()

    def await_end(self, seconds: float) -> int | None:
        """Its exit code once it has ended, negative for a signal; None if it still runs after so many seconds."""
        self._keeper.join(seconds)
        return None if self._keeper.is_alive() else self._popen.returncode

    def end(self) -> None:
        """End it, by force if it does not follow."""
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
    """In a session of its own: an interrupt from the terminal is for the command, which may need the program yet."""
    return subprocess.Popen(  # noqa: S603 - a program found by name, arguments of ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
