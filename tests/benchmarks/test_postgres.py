"""A small measurement of PostgreSQL from end to end, and that our commands are asked for what they have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastavro import reader

from benchmarks.child import run_module
from benchmarks.postgres import tables
from benchmarks.postgres.contestant import BACKUPS, RESTORES, UNDUMP, Contestant, Course
from benchmarks.postgres.measure import measure
from benchmarks.postgres.server import Server, running_server
from benchmarks.postgres.small_tables import measure_small
from benchmarks.report import as_json
from pipelines import postgres_backup, postgres_restore
from tests.servers.postgres_server import newest
from transforms.errors import NotFoundError

COMMANDS = ("backup, whole command", "restore, whole command")
ROWS = 2000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        newest()
    except NotFoundError as error:
        pytest.skip(str(error))
    with running_server() as server:
        yield server


def contestant(name: str) -> Contestant:
    return next(each for each in (*BACKUPS, *RESTORES) if each.name == name)


def test_all_but_whole_commands_handle_every_row_and_are_compared_with_the_ceilings(server: Server) -> None:
    names = [each.name for each in (*BACKUPS, *RESTORES) if each.name not in COMMANDS]
    backups, restores = measure(server, "uuid_keyed", ROWS, 1, names)
    assert [(column.contestant.name, column.problem) for column in (*backups, *restores)] == [
        (name, "") for name in names
    ]
    assert as_json(backups, "drain")["drain"]["times_the_drain"]["wall_seconds"] == 1.0
    assert as_json(restores, "load")["load, then key"]["times_the_load"]["wall_seconds"] > 0
    assert server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench%'") == "0"


def test_many_small_tables_are_read_and_written_by_all(server: Server) -> None:
    backups, restores, objects = measure_small(server, 40, 1)
    assert [(column.contestant.name, column.problem) for column in (*backups, *restores)] == [
        (name, "") for name in ("backup, whole command", "pg_dump -Fd -j2", "restore, whole command", UNDUMP)
    ]
    assert 40 < objects <= 2 * 40
    assert server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench%'") == "0"


def test_the_time_of_sessions_that_ended_is_the_server_s(server: Server) -> None:
    for _ in range(3):
        before = server.cpu_seconds()
        server.sql("SELECT count(*) FROM generate_series(1, 5000000)")
        assert 0.05 < server.cpu_seconds() - before < 10


def test_a_contestant_that_needs_another_says_that_it_is_missing(server: Server) -> None:
    _, restores = measure(server, "mixed", 10, 1, ["pg_restore -j2 (of -Fd)"])
    assert "pg_restore ended with code 1" in restores[0].problem


def test_our_commands_have_the_options_that_they_are_given(tmp_path: Path) -> None:
    server = Server(5432, 1, "/usr/bin")
    course = Course(server, "d", "d_copy", "mixed", ROWS, tmp_path / "wire", tmp_path)
    _, _, _, _, module, *options = contestant("backup, whole command").command(course)
    assert module == "pipelines.postgres_backup"
    assert postgres_backup.configure(options).json
    _, _, _, _, module, *options = contestant("restore, whole command").command(course)
    assert module == "pipelines.postgres_restore"
    assert postgres_restore.configure(options).backup == "latest"


def test_the_rows_are_the_same_each_time_and_the_cursor_writes_them(server: Server, tmp_path: Path) -> None:
    database = tables.make(server, "mixed", 100)
    path = tmp_path / "rows.avro"
    options = [f"--database={server.url(database)}", "--table=mixed", "--rows=100", f"--avro={path}"]
    usage = run_module("benchmarks.postgres.cursor_backup", options, {})
    server.sql(f"DROP DATABASE {database}")
    assert (usage.printed["rows"], usage.printed["bytes"]) == (100, path.stat().st_size)
    with path.open("rb") as file:
        records = list(reader(file))
    assert [record["id"] for record in records if isinstance(record, dict)] == list(range(1, 101))
    assert {len(record) for record in records if isinstance(record, dict)} == {11}
