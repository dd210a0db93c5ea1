"""A running Cloud SQL Auth Proxy, with its socket in a folder that only this user may enter.

A socket instead of a port: no other user of the machine can take or use it, and psycopg and pg_dump both accept its
folder as the host. The proxy's `--unix-socket` is not used: it puts the instance's name into the path, which may
become too long.
"""

import os
import socket
import time
from pathlib import Path

from transforms.cloud_sql.child_process import ChildProcess
from transforms.cloud_sql.command import LONGEST_PATH, PROGRAM, SOCKET, command, environment
from transforms.cloud_sql.instance import CloudSql
from transforms.errors import UnreachableError, UsageError
from transforms.private_folder import PrivateFolder

SECONDS_TO_START = 30.0
ADVICE = (
    "Check --cloud_sql_instance and --cloud_sql_ip, the network, and that the account that runs this has the role"
    " roles/cloudsql.client (with --iam_auth roles/cloudsql.instanceUser as well)."
)
_SECONDS_BETWEEN = 0.02
_LAST = 5
_REFUSAL = "Error: "
"""How the proxy begins the line about a wrong argument or variable; the help for all flags follows it."""


class CloudSqlProxy:
    """A proxy that runs and takes connections.

    Attributes:
        folder: The folder of its socket, which libpq takes as a host.
        process: The proxy's process.
    """

    def __init__(self, cloud_sql: CloudSql, iam_auth: bool) -> None:
        """Start the proxy and wait until it takes connections.

        Raises:
            UnreachableError: if the program is missing, ends, or takes no connection within `SECONDS_TO_START`.
            UsageError: if the folder of temporary files has too long a name for a socket.
        """
        self._name = f"{PROGRAM} for {cloud_sql.instance}"
        self._private = PrivateFolder()
        self.folder = self._private.path / "db"
        try:
            _check_path(self._socket)
            self.process = ChildProcess(command(cloud_sql, iam_auth, self.folder), environment(os.environ))
        except BaseException:
            self._private.remove()
            raise
        self._await_ready()

    @property
    def _socket(self) -> Path:
        return self.folder / SOCKET

    def _await_ready(self) -> None:
        try:
            before = time.monotonic() + SECONDS_TO_START
            while not _answers(self._socket):
                self._check_start(before)
        except BaseException:
            self.end()
            raise

    def _check_start(self, before: float) -> None:
        code = self.process.await_end(_SECONDS_BETWEEN)
        if code is not None:
            raise UnreachableError(f"{self._name} ended with {code} at its start.{self.said()}\n{ADVICE}")
        if time.monotonic() > before:
            waited = f"took no connection in {SECONDS_TO_START:g} s"
            raise UnreachableError(f"{self._name} {waited}.{self.said()}\n{ADVICE}")

    def said(self, since: float = 0.0) -> str:
        """Its last lines since a moment of `time.monotonic`, to append to a message; empty if there are none."""
        lines = list(dict.fromkeys(self.process.output.lines(since)))
        refusals = [line for line in lines if line.startswith(_REFUSAL)]
        return "\n  ".join([f" {PROGRAM} said:", *(refusals or lines)[-_LAST:]]) if lines else ""

    def end(self) -> None:
        """End it and remove its folder."""
        self.process.end()
        self._private.remove()


def _check_path(path: Path) -> None:
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise UsageError(f"{path} is too long for a socket: set TMPDIR to a folder with a shorter name")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        return probe.connect_ex(os.fspath(path)) == 0
