"""The PostgreSQL server for the measurements, run by a separate process.

This module imports little: Linux counts the memory of a process when it starts a child into the
child's peak, so the measuring process has to be smaller than its children.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.replay_process import REPOSITORY

SERVE = "tests.benchmarks.postgres_process"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: Its port on the loopback interface.
        pid: Its main process, which started all others.
        programs: Folder of the client programs of its version.
    """

    port: int
    pid: int
    programs: str

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def program(self, name: str) -> str:
        """The path of a client program."""
        return str(Path(self.programs, name))

    def psql(self, database: str) -> list[str]:
        """The first words of a `psql` command."""
        return [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", f"--dbname={self.url(database)}"]

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run a script and return what it prints."""
        done = subprocess.run(self.psql(database), input=text, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def cpu_seconds(self) -> float:
        """CPU time of all its processes, including ended ones, in seconds."""
        ticks, before = self._ticks(), None
        while before is None or ticks.keys() != before.keys():  # a process may have ended between two readings
            ticks, before = self._ticks(), ticks
        return sum(ticks.values()) / _TICKS_A_SECOND

    def _ticks(self) -> dict[str, int]:
        """Clock ticks of each of its processes, by process id."""
        found = {process.name: _ticks(process, self.pid) for process in Path("/proc").glob("[0-9]*")}
        return {name: ticks for name, ticks in found.items() if ticks is not None}


def _ticks(process: Path, server: int) -> int | None:
    """Clock ticks of a process, None if it is not the server's: fields 4 and 14 to 17 of proc_pid_stat(5)."""
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return None
    user, system, of_ended_user, of_ended_system = map(int, fields[11:15])
    if process.name == str(server):
        return user + system + of_ended_user + of_ended_system
    return user + system if int(fields[1]) == server else None


@contextmanager
def running_server() -> Iterator[Server]:
    """Run the newest server on this machine while the block runs.

    Raises:
        RuntimeError: It did not start; its own message is on standard error.
    """
    command = [sys.executable, "-m", SERVE]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"PostgreSQL (process {process.pid}) did not start: see its message above")
        try:
            server = Server(**json.loads(line))
            os.environ["PATH"] += f"{os.pathsep}{server.programs}"  # where a backup looks for pg_dump
            yield server
        finally:
            process.communicate()  # it ends when its input is closed
