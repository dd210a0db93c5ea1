"""What a backup of PostgreSQL holds, and what bad input and bad moments get."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
import psycopg
import pytest

from tests.pipelines.bigtable_runs import check, files, show
from tests.pipelines.postgres_runs import backup
from tests.servers.postgres_server import PostgresServer, started

TABLES = """
    CREATE TABLE by_key (id bigint PRIMARY KEY, name text, at timestamptz, price numeric(9,2));
    INSERT INTO by_key SELECT n, 'name ' || n, timestamptz '2024-01-01' + n * interval '1 minute', n / 100.0
        FROM generate_series(1, 3000) n;
    CREATE TABLE by_file (ref uuid PRIMARY KEY, n integer);
    INSERT INTO by_file SELECT md5(n::text)::uuid, n FROM generate_series(1, 3000) n;
    CREATE TABLE keyless (n integer, word text);
    INSERT INTO keyless SELECT n % 7, repeat('x', n % 90) FROM generate_series(1, 3000) n;
    CREATE TABLE nothing (n integer);
    ANALYZE;
"""
NewDatabase = Callable[..., str]


@pytest.fixture
def database(postgres: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres)
    postgres.sql(TABLES, name)
    return name


def rows_of(vault: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table in the only backup, read by fastavro."""
    rows: list[dict[str, Any]] = []
    for path in sorted(vault.glob(f"*/*/data/{table}/*.avro")):
        with path.open("rb") as file:
            rows.extend(fastavro.reader(file))  # type: ignore[arg-type]
    return rows


def digests(made: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    return {table["name"]: table["digest"] for table in made["tables"]}


def test_every_row_is_there_whatever_the_order_and_however_many_ranges(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    made = {}
    for order in ("key", "physical"):
        for ranges in (1, 2, 31):
            vault = tmp_path / f"{order}{ranges}"
            options = (f"--order={order}", f"--ranges={ranges}", "--chunk_size=4KiB", "--json")
            ended = backup(vault, postgres.url(database), *options)
            assert ended.code == 0, ended.err
            assert check(vault, "latest", "--level=L3").code == 0
            made[order, ranges] = ended.json
            assert {row["id"]: row["name"] for row in rows_of(vault, "public+by_key")} == {
                n: f"name {n}" for n in range(1, 3001)
            }
            assert sorted(row["n"] for row in rows_of(vault, "public+by_file")) == list(range(1, 3001))
    assert len({tuple(digests(each).items()) for each in made.values()}) == 1
    planned = {table["name"]: table["ranges"] for table in made["physical", 31]["tables"]}
    assert planned["public.nothing"] == 1
    assert planned["public.by_key"] > 10


def test_the_copy_of_a_busy_database_is_of_one_moment(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    name = new_database(postgres)
    postgres.sql("CREATE TABLE one (n int PRIMARY KEY); CREATE TABLE two (n int)", name)
    with writing(postgres, name, "INSERT INTO one VALUES (%(n)s); INSERT INTO two VALUES (%(n)s)") as written:
        while len(written) < 20:
            assert backup(tmp_path / "warm", postgres.url(name), "--plan_only").code == 0
        ended = backup(tmp_path / "v", postgres.url(name), "--ranges=5", "--json")
    assert ended.code == 0, ended.err
    one, two = (sorted(row["n"] for row in rows_of(tmp_path / "v", f"public+{table}")) for table in ("one", "two"))
    assert one == two == list(range(len(one)))
    assert 20 <= len(one) < len(written)


@contextmanager
def writing(server: PostgresServer, database: str, statement: str) -> Iterator[list[int]]:
    """Run a statement with `n` = 0, 1, ... in transactions of their own, in a thread, while the block runs."""
    written: list[int] = []
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(server.url(database)) as connection:
            while not done.is_set():
                for part in statement.split(";"):
                    connection.execute(part.encode(), {"n": len(written)})
                connection.commit()
                written.append(len(written))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        done.set()
        thread.join()


def test_a_paused_standby_is_a_frozen_source(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    with standby(postgres) as copy:
        refused = backup(tmp_path / "v", copy.url(database), "--consistency=frozen-source")
        assert refused.code == 6
        assert "pg_wal_replay_pause" in refused.message
        copy.sql("SELECT pg_wal_replay_pause()")
        ended = backup(tmp_path / "v", copy.url(database), "--consistency=frozen-source", "--json")
        assert ended.code == 0, ended.err
        assert ended.json["consistency"] == "frozen-source"
        assert {table["name"]: table["rows"] for table in ended.json["tables"]}["public.by_key"] == 3000


@contextmanager
def standby(server: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of a server, made by pg_basebackup."""
    with server.copied() as data, started(server.binaries, data) as copy:
        yield copy


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--table=public.absent"], 7, ["public.absent", "public.by_key"]),
        (["--schema=absent"], 7, ["absent", "public"]),
        (["--where=public.by_key:id <"], 2, ["by_key"]),
        (["--where=public.by_key:id < 1); DROP TABLE keyless; --"], 2, ["by_key"]),
        (["--where=public.by_key"], 2, ["--where"]),
        (["--runner=DataflowRunner", "--consistency=snapshot"], 6, ["--consistency=frozen-source", "FnApiRunner"]),
        (
            ["--runner=FlinkRunner", "--flink_master=flink.example:8081", "--consistency=snapshot"],
            6,
            ["--consistency=frozen-source"],
        ),
        (["--max_connections=2"], 2, ["--max_connections", "3"]),
        (["--order=physical", "--consistency=fuzzy"], 2, ["physical"]),
        (["--consistency=frozen-source"], 6, ["pg_wal_replay_pause"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_bad_input_is_told_and_nothing_is_written(
    postgres: PostgresServer, database: str, tmp_path: Path, options: list[str], code: int, words: list[str]
) -> None:
    with psycopg.connect(postgres.url(database)):  # somebody is there, so it is no frozen clone
        ended = backup(tmp_path / "v", postgres.url(database), *options)
    assert (ended.code, files(tmp_path)) == (code, {}), ended.err
    assert all(word in ended.message for word in words), ended.message
    assert postgres.sql("SELECT count(*) FROM keyless", database) == "3000"


def test_selection_and_condition_choose_tables_and_rows(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    options = ("--table=public.by_*", "--exclude_table=public.by_file", "--where=public.by_key:id % 3 = 0", "--json")
    ended = backup(tmp_path / "v", postgres.url(database), *options)
    assert ended.code == 0, ended.err
    assert {table["name"]: table["rows"] for table in ended.json["tables"]} == {"public.by_key": 1000}
    assert {row["id"] % 3 for row in rows_of(tmp_path / "v", "public+by_key")} == {0}


def test_large_objects_that_a_selection_leaves_out_are_named(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    def notes(*options: str) -> str:
        ended = backup(tmp_path / "v", postgres.url(database), "--json", *options)
        assert ended.code == 0, ended.err
        return " ".join(ended.json["facts"]["notes"])

    assert "Large objects" not in notes("--table=public.by_key")
    postgres.sql("SELECT lo_from_bytea(0, 'large')", database)
    assert "Large objects are not kept" in notes("--table=public.by_key")
    assert "Large objects" not in notes("--exclude_table=public.by_key")


def test_a_table_that_may_not_be_read_is_an_error_that_names_it(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    role = f"reader_of_{database}"
    grants = f"CREATE ROLE {role} LOGIN; GRANT SELECT ON by_key, by_file, nothing TO {role};"
    postgres.sql(grants, database)
    try:
        ended = backup(tmp_path / "v", postgres.url(database, role))
        assert (ended.code, files(tmp_path)) == (9, {})
        assert "public.keyless" in ended.message
        assert "GRANT SELECT" in ended.message
    finally:
        postgres.sql(f"DROP OWNED BY {role}; DROP ROLE {role}", database)


def test_rows_that_a_policy_would_hide_are_an_error(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    role = f"filtered_of_{database}"
    postgres.sql(
        f"ALTER TABLE keyless ENABLE ROW LEVEL SECURITY; CREATE ROLE {role} LOGIN;"
        f" GRANT pg_read_all_data TO {role}; CREATE POLICY few ON keyless USING (n = 1)",
        database,
    )
    try:
        ended = backup(tmp_path / "v", postgres.url(database, role))
        assert (ended.code, files(tmp_path)) == (9, {})
        assert "public.keyless" in ended.message
        assert "BYPASSRLS" in ended.message
    finally:
        postgres.sql(f"DROP OWNED BY {role}; DROP ROLE {role}", database)


SECRET = "s3cr3t-Pa55w0rd"  # noqa: S105 - the secret that must not be found


@pytest.fixture
def guarded(postgres: PostgresServer, database: str) -> Iterator[str]:
    """The URL of the database for a role that must give a password."""
    postgres.sql(f"DROP ROLE IF EXISTS with_password; CREATE ROLE with_password LOGIN SUPERUSER PASSWORD '{SECRET}'")
    yield postgres.url(database, "with_password")
    postgres.sql("DROP ROLE with_password")


def test_a_wrong_password_is_told_and_not_repeated(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET + "x")
    ended = backup(tmp_path / "v", guarded)
    assert (ended.code, files(tmp_path)) == (9, {})
    assert SECRET not in ended.out + ended.err
    assert "--password_secret" in ended.message


def test_a_password_in_the_url_is_refused(guarded: str, tmp_path: Path) -> None:
    ended = backup(tmp_path / "v", guarded.replace("with_password", f"with_password:{SECRET}"))
    assert (ended.code, files(tmp_path)) == (2, {})
    assert SECRET not in ended.out + ended.err


def test_the_password_is_nowhere(guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    arguments: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            arguments.update(subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        ended = backup(tmp_path / "v", guarded, "--json")
    finally:
        done.set()
        watcher.join()
    assert ended.code == 0, ended.err
    assert not any(SECRET in each for each in arguments)
    assert SECRET not in ended.out + ended.err + show(tmp_path / "v", "latest").out
    assert not any(SECRET.encode() in data for data in files(tmp_path).values())
