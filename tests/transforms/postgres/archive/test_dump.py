import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import database_of, new_role, opened
from transforms.errors import RefusedError, UnreachableError
from transforms.postgres.archive.dump import dump_schema, find_dump, left_out

OBJECTS = """
    CREATE TABLE t (id serial PRIMARY KEY, text text DEFAULT 'a');
    CREATE VIEW v AS SELECT id FROM t;
    INSERT INTO t (text) VALUES ('secret row');
    SELECT lo_from_bytea(42, 'large');
    COMMENT ON LARGE OBJECT 42 IS 'about it';
"""


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    name = new_database(postgres)
    postgres.sql(OBJECTS, name)
    return name


def contents(server: PostgresServer, data: bytes, folder: Path, *arguments: str) -> str:
    """What the pg_restore beside our pg_dump reads in an archive."""
    path = folder / "archive"
    path.write_bytes(data)
    program = Path(find_dump(server.binaries.major).path).with_name("pg_restore")
    return subprocess.run([program, *arguments, path], check=True, capture_output=True, text=True).stdout


def test_the_archive_holds_all_definitions_and_no_data(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    data = dump_schema(database_of(postgres, database), postgres.binaries.major)
    listed = [
        " ".join(line.split()[3:-1])
        for line in contents(postgres, data, tmp_path, "--list").splitlines()
        if not line.startswith(";")
    ]
    assert listed == [
        "TABLE public t", "SEQUENCE public t_id_seq", "SEQUENCE OWNED BY public t_id_seq", "VIEW public v",
        "DEFAULT public t id", "CONSTRAINT public t t_pkey",
    ]  # fmt: skip
    assert b"secret row" not in data
    assert "secret row" not in contents(postgres, data, tmp_path, "--file=-")


def test_the_archive_is_of_the_snapshot(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    with opened(postgres, database) as holder:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [[snapshot]] = holder.execute("SELECT pg_catalog.pg_export_snapshot()").fetchall()
        postgres.sql("CREATE TABLE later (a int)", database)
        data = dump_schema(database_of(postgres, database), postgres.binaries.major, snapshot)
    script = contents(postgres, data, tmp_path, "--file=-")
    assert "CREATE TABLE public.t " in script
    assert "later" not in script


def test_a_snapshot_that_is_gone_is_an_error(postgres: PostgresServer, database: str) -> None:
    with pytest.raises(UnreachableError, match="snapshot"):
        dump_schema(database_of(postgres, database), postgres.binaries.major, "00000003-0000001B-1")


def test_a_table_that_stays_locked_is_an_error_and_no_hang(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as other:
        other.execute("BEGIN; LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RefusedError, match=r"(?s)LOCK TABLE.*locked for 0\.05 s"):
            dump_schema(database_of(postgres, database), postgres.binaries.major, lock_seconds=0.05)


def test_a_table_that_may_not_be_seen_is_an_error_with_the_way_out(postgres: PostgresServer, database: str) -> None:
    with new_role(postgres, database) as reader, pytest.raises(UnreachableError, match=r"(?s)denied.*SELECT on every"):
        dump_schema(database_of(postgres, database, reader), postgres.binaries.major)


def test_a_role_that_may_read_everything_needs_no_more(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    with new_role(postgres, database) as reader:
        postgres.sql(f"GRANT pg_read_all_data TO {reader}")
        data = dump_schema(database_of(postgres, database, reader), postgres.binaries.major)
    assert "CREATE TABLE public.t " in contents(postgres, data, tmp_path, "--file=-")


def test_no_pg_dump_that_is_new_enough_is_an_error_that_names_what_to_install() -> None:
    with pytest.raises(UnreachableError, match=r"PostgreSQL 99, .*postgresql-client-99"):
        find_dump(99)


def test_subscriptions_are_named_where_pg_dump_leaves_them_out(postgres: PostgresServer, database: str) -> None:
    postgres.sql(
        "CREATE SUBSCRIPTION news CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        database,
    )
    try:
        with new_role(postgres, database) as reader, opened(postgres, database, reader) as session:
            assert left_out(session) == ["Subscriptions, of which only superusers see all, are not kept: news."]
        with opened(postgres, database) as session:
            assert left_out(session) == []
    finally:
        postgres.sql("DROP SUBSCRIPTION news", database)


def test_options_of_user_mappings_that_are_not_shown_are_named(postgres: PostgresServer, database: str) -> None:
    postgres.sql("CREATE FOREIGN DATA WRAPPER distance; CREATE SERVER afar FOREIGN DATA WRAPPER distance", database)
    postgres.sql("CREATE USER MAPPING FOR postgres SERVER afar OPTIONS (password 'of the far side')", database)
    with new_role(postgres, database) as role, opened(postgres, database, role) as session:
        told = left_out(session)
    assert told == ["User mappings, whose options this user may not see, are kept without options: afar for postgres."]
    with opened(postgres, database) as session:
        assert left_out(session) == []
