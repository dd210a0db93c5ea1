"""PostgreSQL's client programs: finding one on this machine, and running it."""

import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from psycopg.conninfo import make_conninfo

from transforms.errors import NotFoundError, UnreachableError, UsageError
from transforms.postgres.archive import program_run
from transforms.postgres.server import session
from transforms.postgres.server.conninfo import conninfo
from transforms.postgres.server.credential import password_of
from transforms.postgres.server.database import Database
from transforms.postgres.server.silence import BY_NAME, Silence
from transforms.private_folder import private_folder

# Where PostgreSQL's packages install the programs of each major version: Debian and Ubuntu, Red Hat and Fedora,
# Homebrew (Apple and Intel), MacPorts, EDB's installer, Postgres.app.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/opt/libpq/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Library/PostgreSQL/*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
# Debian's programs on the PATH are one script that chooses the version by this machine's clusters, not by the server.
WRAPPER = "pg_wrapper"
LINES_OF_ERROR = 12
# Variables that would change a program's session; those of the user's passwords and certificates stay.
_CLEARED = (
    "PGDATABASE",
    "PGDATESTYLE",
    "PGCLIENTENCODING",
    "PGGEQO",
    "PGHOST",
    "PGHOSTADDR",
    "PGLOCALEDIR",
    "PGOPTIONS",
    "PGPORT",
    "PGSERVICE",
    "PGUSER",
)


@dataclass(frozen=True, slots=True)
class ClientProgram:
    """A program and the major version of PostgreSQL that it belongs to."""

    path: str
    major: int

    @property
    def name(self) -> str:
        """The program's name."""
        return Path(self.path).name


def find(program: str, at_least: int) -> ClientProgram:
    """The program with the lowest major version that is new enough.

    Args:
        program: `pg_dump` or `pg_restore`.
        at_least: The lowest major version allowed, such as the server's.

    Raises:
        NotFoundError: naming what to install and what was found.
    """
    there = find_all(program)
    fitting = [one for one in there if one.major >= at_least]
    if fitting:
        return min(fitting, key=lambda one: one.major)
    others = ", ".join(f"{one.path} ({one.major})" for one in there) or "none"
    raise NotFoundError(
        f"No {program} of PostgreSQL {at_least} or later on this machine; found: {others}. Install the client"
        f" programs, such as the package postgresql-client-{at_least}, or put their folder on the PATH."
    )


def find_all(program: str) -> list[ClientProgram]:
    """Every installed version of a program, from the PATH and from `PLACES`."""
    paths = dict.fromkeys(str(folder / program) for folder in _folders() if os.access(folder / program, os.X_OK))
    majors = [(path, _major(path)) for path in paths if Path(path).resolve().name != WRAPPER]
    return [ClientProgram(path, major) for path, major in majors if major is not None]


def run(program: ClientProgram, database: Database, arguments: Sequence[str]) -> bytes:
    """Run a program to its end and return what it wrote to its standard output.

    The password is never an argument or an environment variable: it is in a file that only this user can read and
    that is removed at the end. Without a password, the program looks for one as libpq does.

    Args:
        program: What `find` returned.
        database: What it connects to.
        arguments: Further arguments, after the one that names the database.

    Raises:
        UnreachableError: if it fails, with the last lines that it printed, or if the server has stopped working for it.
    """
    with _password_file(database) as environment:
        name = f"shardkeep {program.name} {secrets.token_hex(4)}"  # to find its session on the server
        target = make_conninfo(**{"application_name": name, **conninfo(database)})
        command = [program.path, "--dbname", target, *arguments]
        silence = Silence(database.idle_timeout, lambda: session.look(database, BY_NAME, name))
        try:
            ended = program_run.run(command, environment, silence)
        except program_run.GivenUpError as error:
            raise UnreachableError(f"{_where(program, database)}: {error}.") from None
    if ended.code:
        lines = ended.errors.decode("utf-8", "replace").strip().splitlines()[-LINES_OF_ERROR:]
        said = "\n  ".join(lines) or f"exit code {ended.code}"
        raise UnreachableError(f"{_where(program, database)} failed:\n  {said}")
    return ended.output


def _where(program: ClientProgram, database: Database) -> str:
    return f"{program.path} ({program.major}) with {database}"


def _folders() -> Iterator[Path]:
    yield from (Path(folder) for folder in os.get_exec_path() if folder)
    for pattern in PLACES:
        yield from sorted(Path("/").glob(pattern[1:]))


@lru_cache(maxsize=64)
def _major(path: str) -> int | None:
    """The major version from a program's --version, such as "pg_dump (PostgreSQL) 15.4"; None if it prints none."""
    try:
        command = [path, "--version"]
        printed = subprocess.run(command, capture_output=True, timeout=30, check=True).stdout  # noqa: S603 - found by name
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(rb"\(PostgreSQL\) (\d+)", printed)
    return int(found[1]) if found else None


@contextmanager
def _password_file(database: Database) -> Iterator[dict[str, str]]:
    """The environment of a program; PGPASSWORD is removed if there is a file, over which it would have precedence."""
    environment = {name: value for name, value in os.environ.items() if name not in _CLEARED}
    environment.update(LC_ALL="C", PGTZ="UTC")
    password = password_of(database)
    if password is None:
        yield environment
        return
    with private_folder() as folder:
        path = folder / "pgpass"
        _write_private(path, _line(database, password))
        environment.pop("PGPASSWORD", None)
        yield {**environment, "PGPASSFILE": str(path)}


def _line(database: Database, password: str) -> str:
    """A line of a pgpass file for any server, in the form of "The Password File" of libpq's documentation."""
    if "\n" in password or "\r" in password:
        raise UsageError(f"{database}: a password with a line break cannot be given to PostgreSQL's programs")
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{escaped}\n"


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
