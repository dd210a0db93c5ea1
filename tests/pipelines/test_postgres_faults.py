"""What others do to a PostgreSQL database while it is backed up: an error that helps or exactly the right rows, never
fewer, and never a hang."""

import functools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fastavro
import pytest

from tests.pipelines.bigtable_runs import Ended, backups, check
from tests.pipelines.postgres_gate import GATE, Observer, held, in_background, observed, queued, shut
from tests.pipelines.postgres_runs import backup
from tests.servers.postgres_server import PostgresServer
from transforms.postgres import archive, moment, moments, snapshot

pytestmark = pytest.mark.timeout(60)

NewDatabase = Callable[..., str]
# In the order in which they are read. The first is read through the gate where a test shuts it.
TABLES = f"""
    {GATE}
    CREATE TABLE aside (n int);
    CREATE TABLE first (n int PRIMARY KEY); INSERT INTO first SELECT generate_series(1, 100);
    CREATE TABLE last (n int PRIMARY KEY); INSERT INTO last SELECT generate_series(1, 200);
    CREATE SCHEMA other; CREATE TABLE other.one (n int); INSERT INTO other.one VALUES (1);
    CREATE SEQUENCE numbers;
"""
READ_SLOWLY = ("--where=public.first:n < 50 OR public.gate()", "--readers=1")
ALL = {"public.aside": [], "public.first": [*range(1, 101)], "public.last": [*range(1, 201)], "other.one": [1]}


@pytest.fixture
def database(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    return name


@pytest.fixture
def observer(postgres18: PostgresServer, database: str) -> Iterator[Observer]:
    with observed(postgres18, database) as found:
        yield found


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for a fraction of a second only."""
    monkeypatch.setattr(moments, "hold", functools.partial(snapshot.hold, lock_seconds=0.2))
    monkeypatch.setattr(archive, "dump_schema", functools.partial(archive.dump_schema, lock_seconds=0.2))
    monkeypatch.setattr(moment, "LOCK_SECONDS", 0.2)


def rows_of(vault: Path) -> dict[str, list[int]]:
    """The numbers in each table of the latest backup, proved whole."""
    assert check(vault, "latest", "--level=L3").code == 0
    made = states(vault)[-1]
    found = {}
    for folder in (vault / made["source"] / made["backup"] / "data").iterdir():
        rows = [row for path in folder.glob("*.avro") for row in _read(path)]
        found[folder.name.replace("+", ".")] = sorted(row["n"] for row in rows)
    return found


def _read(path: Path) -> list[dict[str, int]]:
    with path.open("rb") as file:
        return list(fastavro.reader(file))  # type: ignore[arg-type]


def states(vault: Path) -> list[dict[str, str]]:
    """The backups as they are listed; none of a vault that is not there."""
    if not vault.exists():
        return []
    listed = backups(vault, "--json")
    assert listed.code == 0, listed.err
    found: list[dict[str, str]] = listed.json
    return found


def require_no_backup(vault: Path) -> None:
    assert "COMMITTED" not in {made["state"] for made in states(vault)}


def require_told(ended: Ended, code: int, *words: str) -> None:
    """It ended with an error of ours, in words that name what must be named, and without a traceback."""
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert all(word in ended.message for word in words), ended.message


# Before the snapshot.


def test_a_change_that_was_there_first_is_in_the_backup(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    with (
        held(postgres18, database, "LOCK TABLE first IN ACCESS SHARE MODE") as reading,
        queued(postgres18, database, "TRUNCATE first") as truncated,
        in_background(backup, tmp_path / "v", postgres18.url(database)) as command,
    ):
        observer.await_wait(command, "shardkeep snapshot")
        reading.commit()
        assert truncated.result()
        ended = command.result()
    assert ended.code == 0, ended.err
    assert rows_of(tmp_path / "v") == {**ALL, "public.first": []}


def test_tables_that_come_and_go_between_listing_and_lock_are_listed_again(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    change = """
        TRUNCATE first; INSERT INTO first VALUES (7); DROP TABLE aside; ALTER TABLE last RENAME TO renamed;
        CREATE TABLE new (n int); INSERT INTO new VALUES (8), (9); ALTER TABLE other.one ADD more text
    """
    with (
        held(postgres18, database, change) as changing,
        in_background(backup, tmp_path / "v", postgres18.url(database)) as command,
    ):
        observer.await_wait(command, "shardkeep snapshot")
        changing.commit()
        ended = command.result()
    assert ended.code == 0, ended.err
    expected = {"public.first": [7], "public.renamed": ALL["public.last"], "public.new": [8, 9], "other.one": [1]}
    assert rows_of(tmp_path / "v") == expected


@pytest.mark.usefixtures("impatient")
def test_a_table_that_stays_locked_is_told_before_anything_is_written(
    postgres18: PostgresServer, database: str, tmp_path: Path
) -> None:
    with held(postgres18, database, "TRUNCATE last"):
        ended = backup(tmp_path / "v", postgres18.url(database))
    require_told(ended, 6, "public.last", "Run again")
    assert not (tmp_path / "v").exists()


# While rows are read.


@contextmanager
def reading(
    server: PostgresServer, database: str, observer: Observer, vault: Path, *options: str
) -> Iterator[Callable[[], Ended]]:
    """A backup whose reader stands in the middle of the first table; the function lets it go on to its end."""
    with (
        shut(server, database) as gate,
        in_background(backup, vault, server.url(database), *READ_SLOWLY, *options) as command,
    ):
        observer.await_reader(command)

        def go_on() -> Ended:
            gate.commit()
            ended: Ended = command.result()
            return ended

        try:
            yield go_on
        finally:
            gate.roll_back()


@pytest.mark.parametrize(
    "statement", ["TRUNCATE last", "ALTER TABLE last ALTER n TYPE text", "DROP TABLE last", "VACUUM FULL last"]
)
def test_who_waits_to_change_a_table_that_is_yet_to_be_read_is_named(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, statement: str
) -> None:
    with (
        reading(postgres18, database, observer, tmp_path / "v") as go_on,
        queued(postgres18, database, statement) as changed,
    ):
        ended = go_on()
        assert changed.result()  # nothing is in its way any more
    require_told(ended, 6, "public.last", "awaited by process", "Run again")
    require_no_backup(tmp_path / "v")


def test_a_schema_that_is_renamed_meanwhile_is_told(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    with reading(postgres18, database, observer, tmp_path / "v", "--table=public.first,public.last") as go_on:
        postgres18.sql("ALTER SCHEMA public RENAME TO elsewhere; CREATE SCHEMA public", database)
        ended = go_on()
    require_told(ended, 7, "public.last")
    require_no_backup(tmp_path / "v")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("statement", ["TRUNCATE first", "DROP TABLE first"])
def test_who_waits_to_change_a_table_that_has_been_read_is_told_by_pg_dump(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, statement: str
) -> None:
    with (
        reading(postgres18, database, observer, tmp_path / "v", "--table=public.first") as go_on,
        queued(postgres18, database, statement) as changed,
    ):
        ended = go_on()
        assert changed.result()
    require_told(ended, 6, "pg_dump", "locked", "Run again")
    require_no_backup(tmp_path / "v")


def test_writing_creating_and_dropping_aside_changes_no_row_of_the_backup(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    with reading(postgres18, database, observer, tmp_path / "v", "--exclude_table=public.aside,other.one") as go_on:
        postgres18.sql(
            """
            DELETE FROM first WHERE n > 20; UPDATE last SET n = -n; INSERT INTO last VALUES (999); VACUUM last;
            CREATE TABLE new (n int); INSERT INTO new VALUES (1); TRUNCATE aside; ALTER TABLE other.one ADD more text;
            CREATE INDEX ON last (n); ANALYZE
            """,
            database,
        )
        ended = go_on()
    assert ended.code == 0, ended.err
    assert rows_of(tmp_path / "v") == {name: ALL[name] for name in ("public.first", "public.last")}


@pytest.mark.parametrize("statement", ["DROP TABLE aside", "ALTER TABLE aside RENAME TO beside"])
def test_a_table_of_the_archive_that_goes_before_pg_dump_comes_is_told(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, statement: str
) -> None:
    with reading(postgres18, database, observer, tmp_path / "v", "--exclude_table=public.aside") as go_on:
        postgres18.sql(statement, database)
        ended = go_on()
    require_told(ended, 6, "public.aside", "does not exist", "Run again")
    require_no_backup(tmp_path / "v")


@pytest.mark.usefixtures("impatient")
def test_a_locked_sequence_is_told(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    with held(postgres18, database, "ALTER SEQUENCE numbers RENAME TO figures"):
        ended = backup(tmp_path / "v", postgres18.url(database))
    require_told(ended, 6, "numbers", "again")
    require_no_backup(tmp_path / "v")


# While pg_dump runs: it stands before a table that is not backed up.


@contextmanager
def dumping(
    server: PostgresServer, database: str, observer: Observer, vault: Path
) -> Iterator[Callable[[], Ended]]:
    """A backup whose pg_dump waits for a table that is not selected; the function lets it go on to its end."""
    options = "--exclude_table=public.aside"
    with (
        held(server, database, "LOCK TABLE aside IN ACCESS EXCLUSIVE MODE") as lock,
        in_background(backup, vault, server.url(database), options) as command,
    ):
        observer.await_wait(command, "%pg_dump")

        def go_on() -> Ended:
            lock.commit()
            ended: Ended = command.result()
            return ended

        try:
            yield go_on
        finally:
            lock.roll_back()


def test_pg_dump_waits_for_a_change_that_ends(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path
) -> None:
    with dumping(postgres18, database, observer, tmp_path / "v") as go_on:
        ended = go_on()
    assert ended.code == 0, ended.err
    assert rows_of(tmp_path / "v") == {name: rows for name, rows in ALL.items() if name != "public.aside"}


def test_a_change_that_is_queued_while_pg_dump_runs_ends_it(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "dump_schema", functools.partial(archive.dump_schema, lock_seconds=2))
    with (
        dumping(postgres18, database, observer, tmp_path / "v") as go_on,
        queued(postgres18, database, "ALTER TABLE last ADD more int") as changed,
    ):
        ended = go_on()
        assert changed.result()
    require_told(ended, 6, "pg_dump", "locked", "Run again")
    require_no_backup(tmp_path / "v")


# Sessions and processes that are ended.


@pytest.mark.parametrize("tables", ["public.first", "public.first,public.last"])
def test_a_lost_snapshot_is_no_backup(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, tables: str
) -> None:
    with reading(postgres18, database, observer, tmp_path / "v", f"--table={tables}") as go_on:
        observer.terminate("shardkeep snapshot")
        ended = go_on()
    require_told(ended, 9, "snapshot", "Start the backup again")
    require_no_backup(tmp_path / "v")


@pytest.mark.parametrize("application", ["shardkeep backup", "%pg_dump"])
def test_a_lost_session_is_no_backup_and_the_next_one_works(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, application: str
) -> None:
    stopped = dumping if "pg_dump" in application else reading
    with stopped(postgres18, database, observer, tmp_path / "v") as go_on:
        observer.terminate(application)
        ended = go_on()
    require_told(ended, 9, "terminat", "again")
    require_no_backup(tmp_path / "v")
    assert backup(tmp_path / "v", postgres18.url(database)).code == 0
    assert rows_of(tmp_path / "v") == ALL


class Process:
    """A backup in a process of its own."""

    def __init__(self, vault: Path, database: str, *options: str) -> None:
        command = [sys.executable, "-m", "pipelines.postgres_backup", f"--vault={vault}", f"--database={database}"]
        self._process = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)

    def done(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        self._process.kill()
        assert self._process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("place", ["shardkeep snapshot", "shardkeep backup", "%pg_dump"])
def test_a_killed_backup_is_none_and_the_next_one_works(
    postgres18: PostgresServer, database: str, observer: Observer, tmp_path: Path, place: str
) -> None:
    obstacles = {
        "shardkeep snapshot": held(postgres18, database, "LOCK TABLE last IN ACCESS EXCLUSIVE MODE"),
        "shardkeep backup": shut(postgres18, database),
        "%pg_dump": held(postgres18, database, "LOCK TABLE aside IN ACCESS EXCLUSIVE MODE"),
    }
    with obstacles[place]:
        process = Process(tmp_path / "v", postgres18.url(database), *READ_SLOWLY, "--exclude_table=public.aside")
        try:
            observer.await_wait(process, place, "advisory" if place == "shardkeep backup" else "relation")
        finally:
            process.kill()
    require_no_backup(tmp_path / "v")
    assert backup(tmp_path / "v", postgres18.url(database)).code == 0
    assert rows_of(tmp_path / "v") == ALL
