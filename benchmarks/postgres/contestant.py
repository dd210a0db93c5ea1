"""The contestants that are measured: the ceilings, our own code, and PostgreSQL's own programs."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgres.server import Server
from benchmarks.postgres.tables import COLUMNS, add_key, create

SLOW = 10  # the cursor reads one in SLOW rows; its seconds are multiplied by SLOW
DRAIN, LOAD = "drain", "load"
DUMP, UNDUMP = "pg_dump -Fd -j2", "pg_restore -j2 (of -Fd)"
OURS = ("backup, whole command", "restore, whole command")


@dataclass(frozen=True)
class Course:
    """The setting of one run of all contestants, one after the other.

    Attributes:
        server: The server.
        database: The database that is read.
        copy: Name of the database that is written; created for each contestant that writes, and dropped afterwards.
        table: The table; empty if there are many.
        rows: The rows of all tables.
        wire: File with the table as binary COPY.
        folder: New folder of this run; restores read there what the backups wrote.
        counts: SQL that counts the rows and prints one or more lines; empty to count those of `table`.
    """

    server: Server
    database: str
    copy: str
    table: str
    rows: int
    wire: Path
    folder: Path
    counts: str = ""


@dataclass(frozen=True)
class Contestant:
    """A child process to measure.

    Attributes:
        name: Its line in the report.
        command: Makes its command.
        part: It handles one in `part` rows.
        timed: Whether its own printed seconds (of the work alone) count; else those of the whole process do.
        prints: Whether it prints a JSON object with its number of rows.
        writes: Whether it writes the copy.
        prepare: Makes the script to run in the new database first; None if it creates the database itself.
    """

    name: str
    command: Callable[[Course], Sequence[str]]
    part: int = 1
    timed: bool = False
    prints: bool = False
    writes: bool = False
    prepare: Callable[[Course], str] | None = None


def drain(course: Course, to: str = "/dev/null") -> list[str]:
    """The command that reads the table as binary COPY."""
    query = f"(SELECT {COLUMNS} FROM {course.table})"  # noqa: S608 (all of it ours)
    return [*course.server.psql(course.database), "-c", f"\\copy {query} TO '{to}' (FORMAT binary)"]


def _load(course: Course) -> list[str]:
    load = f"\\copy {course.table} FROM '{course.wire}' (FORMAT binary)"
    return [*course.server.psql(course.copy), "-c", load]


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", name, *arguments]


def _reader(course: Course, name: str, *arguments: str) -> list[str]:
    return _module(f"benchmarks.postgres.{name}", f"--database={course.server.url(course.database)}", *arguments)


def _backup(course: Course) -> list[str]:
    place = f"--database={course.server.url(course.database)}"
    return _module("pipelines.postgres_backup", f"--vault={course.folder / 'vault'}", place, "--json")


def _restore(course: Course) -> list[str]:
    vault = (f"--vault={course.folder / 'vault'}", "--backup=latest")
    place = (f"--database={course.server.url(course.copy)}", "--create_database")
    return _module("pipelines.postgres_restore", *vault, *place, "--json")


def _pg_dump(course: Course, *options: str) -> list[str]:
    return [course.server.program("pg_dump"), f"--dbname={course.server.url(course.database)}", *options]


def _pg_restore(course: Course) -> list[str]:
    command = [course.server.program("pg_restore"), "-j2", f"--dbname={course.server.url(course.copy)}"]
    return [*command, str(course.folder / "directory")]


def _cursor(course: Course) -> list[str]:
    file = f"--avro={course.folder / 'cursor.avro'}"
    return _reader(course, "cursor_backup", f"--table={course.table}", f"--rows={course.rows // SLOW}", file)


BACKUPS = (
    Contestant(DRAIN, drain),
    Contestant(
        "backup in the job",
        lambda course: _reader(course, "backup_in_job", f"--vault={course.folder / 'job'}"),
        timed=True,
        prints=True,
    ),
    Contestant(OURS[0], _backup, prints=True),
    Contestant("pg_dump -Fc -Z1", lambda course: _pg_dump(course, "-Fc", "-Z1", f"-f{course.folder / 'custom'}")),
    Contestant(DUMP, lambda course: _pg_dump(course, "-Fd", "-j2", f"-f{course.folder / 'directory'}")),
    Contestant("cursor + fastavro", _cursor, part=SLOW, timed=True, prints=True),
)
RESTORES = (
    Contestant(LOAD, _load, writes=True, prepare=lambda course: create(course.table)),
    Contestant(
        "load, then key",
        lambda course: [*_load(course), "-c", add_key(course.table)],
        writes=True,
        prepare=lambda course: create(course.table),
    ),
    Contestant(OURS[1], _restore, prints=True, writes=True),
    Contestant(UNDUMP, _pg_restore, writes=True, prepare=lambda _: ""),
)
