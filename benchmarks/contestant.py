"""The contestants that are measured: the ceiling, our own code, and the client library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT, INSTANCE, TABLE = "p", "i", "t"
SLOW = 10  # the client library reads one in SLOW rows; its seconds are multiplied by SLOW


@dataclass(frozen=True)
class Course:
    """The setting of one run of all contestants, one after the other.

    Attributes:
        server: host:port of the replay server.
        rows: Rows in its table.
        ranges: Key ranges that our commands are asked to make.
        folder: New folder of this run; the restore reads there what the backup wrote.
        name: A name that is unique among the runs on this server.
    """

    server: str
    rows: int
    ranges: int
    folder: Path
    name: str


@dataclass(frozen=True)
class Contestant:
    """A child process to measure.

    Attributes:
        name: Its line in the report.
        module: The module to run.
        arguments: Makes its arguments.
        part: It handles one in `part` rows.
        timed: Whether its own printed seconds (of the work alone) count; else those of the whole process do.
        writes: Whether its rows are counted by what the server received, not by what it reports.
    """

    name: str
    module: str
    arguments: Callable[[Course], Sequence[str]]
    part: int = 1
    timed: bool = True
    writes: bool = False


def _reader(course: Course, part: int = 1) -> list[str]:
    return [f"--server={course.server}", f"--rows={course.rows // part}"]


def _command(course: Course, *arguments: str) -> list[str]:
    place = [f"--bigtable_project={PROJECT}", f"--instance={INSTANCE}"]
    return [f"--vault={course.folder / 'vault'}", *place, *arguments, "--json"]


CONTESTANTS = (
    Contestant("drain", "benchmarks.drain", _reader),
    Contestant(
        "backup in the job",
        "benchmarks.backup_in_job",
        lambda course: [*_reader(course), f"--vault={course.folder / 'job'}"],
    ),
    Contestant(
        "backup, whole command",
        "pipelines.bigtable_backup",
        lambda course: _command(course, f"--table={TABLE}", f"--ranges={course.ranges}"),
        timed=False,
    ),
    Contestant(
        "restore, whole command",
        "pipelines.bigtable_restore",
        lambda course: _command(course, "--backup=latest", f"--table={TABLE}:{course.name}"),
        timed=False,
        writes=True,
    ),
    Contestant("client library", "benchmarks.library_backup", lambda course: _reader(course, SLOW), part=SLOW),
    Contestant(
        "client library + fastavro",
        "benchmarks.library_backup",
        lambda course: [*_reader(course, SLOW), f"--avro={course.folder / 'library.avro'}"],
        part=SLOW,
    ),
)
