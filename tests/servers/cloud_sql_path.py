"""The stand-in for cloud-sql-proxy as a program on the PATH."""

import json
import os
import select
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers import cloud_sql_proxy
from tests.servers.postgres_server import PostgresServer
from tests.servers.program_file import SHELL, program
from transforms.cloud_sql.command import PROGRAM

INSTANCE = "my-project:europe-west1:main"


@dataclass(frozen=True)
class StandIn:
    """The stand-in, in front of a server, and what is known of its processes."""

    server: PostgresServer
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def behave(self, mode: str = "", connections: int = 0) -> None:
        """What those that start from now on do; see `cloud_sql_proxy`."""
        settings = {
            "instance": INSTANCE,
            "forward": [self.server.host, self.server.port],
            "report": str(self._report),
            "mode": mode,
            "connections": connections,
        }
        self.monkeypatch.setenv(cloud_sql_proxy.VARIABLE, json.dumps(settings))

    @property
    def _report(self) -> Path:
        return self.folder / "report"

    def started(self) -> list[dict[str, Any]]:
        """Those that have started: pid, argv and environment."""
        lines = self._report.read_text().splitlines() if self._report.exists() else []
        return [json.loads(line) for line in lines]

    def pids(self) -> list[int]:
        """Their processes."""
        return [each["pid"] for each in self.started()]


def put_on_path(server: PostgresServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A stand-in that works, first on the PATH until `monkeypatch` is undone."""
    program(folder / PROGRAM, f'{SHELL}exec {shlex.join([sys.executable, "-IS", cloud_sql_proxy.__file__])} "$@"\n')
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    stand_in = StandIn(server, folder, monkeypatch)
    stand_in.behave()
    return stand_in


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def await_end(pid: int, seconds: float = 20) -> bool:
    """Wait until a process that may be anybody's child has ended; whether it has."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)
