from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import database_of, new_role, opened
from transforms.errors import RefusedError
from transforms.postgres.objects import ledger
from transforms.postgres.restore import preflight
from transforms.postgres.server.facts import server_facts

OTHER = {"system_identifier": "1", "database_oid": 1, "server_encoding": "UTF8"}


@pytest.fixture(scope="module")
def postgres(postgres15: PostgresServer) -> PostgresServer:
    """One server: what is asked of it has not changed for long."""
    return postgres15


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as name:
        yield name


def refusal(
    server: PostgresServer, database: str, facts: object = OTHER, empty: bool = True, user: str = "postgres"
) -> str:
    with opened(server, database, user) as connection, pytest.raises(RefusedError) as caught:
        preflight.require_writable(connection, database_of(server, database), facts, empty)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_new_database_is_taken(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as connection:
        preflight.require_writable(connection, database_of(postgres, database), OTHER, True)
        assert list(preflight.list_objects(connection)) == []


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("CREATE TABLE t (i int PRIMARY KEY, j text)", "table t"),
        ("CREATE VIEW v AS SELECT 1", "view v"),
        ("CREATE SCHEMA s", "schema s"),
        ("CREATE SEQUENCE q", "sequence q"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f()"),
        ("CREATE TYPE e AS ENUM ('a')", "type e"),
        ("CREATE TYPE c AS (a int)", "type c"),
        ("CREATE DOMAIN d AS int", "type d"),
        ("CREATE AGGREGATE a (int) (SFUNC = int4pl, STYPE = int)", "function a(integer)"),
        ("SELECT lo_create(77)", "large object 77"),
        ("CREATE TEXT SEARCH CONFIGURATION w (COPY = simple)", "text search configuration w"),
    ],
)
def test_a_database_with_objects_is_refused_and_they_are_named(
    postgres: PostgresServer, database: str, made: str, named: str
) -> None:
    with opened(postgres, database) as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path = public")
        connection.execute(made.encode())
        assert list(preflight.list_objects(connection)) == [named]
        with pytest.raises(RefusedError, match="is not empty: it has") as caught:
            preflight.require_writable(connection, database_of(postgres, database), OTHER, True)
        assert named in str(caught.value)
        preflight.require_writable(connection, database_of(postgres, database), OTHER, False)


def test_extensions_and_temporary_tables_leave_a_database_empty(postgres: PostgresServer, database: str) -> None:
    name = postgres.sql(
        "SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'vector') ORDER BY 1 LIMIT 1"
    )
    with opened(postgres, database) as connection, connection.transaction(force_rollback=True):
        connection.execute(f"CREATE SCHEMA apart; CREATE EXTENSION {name} SCHEMA apart".encode())
        connection.execute("CREATE TEMPORARY TABLE passing (i int)")
        assert list(preflight.list_objects(connection)) == []


def test_the_source_itself_is_refused_unless_something_is_chosen(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as connection:
        facts = server_facts(connection)
        preflight.require_writable(connection, database_of(postgres, database), facts, must_be_empty=False)
    text = refusal(postgres, database, facts)
    assert "is the database that was backed up" in text
    assert "--table" in text


def test_another_encoding_is_refused(postgres: PostgresServer, database: str) -> None:
    text = refusal(postgres, database, {**OTHER, "server_encoding": "SQL_ASCII"})
    assert "has the encoding UTF8, the backup SQL_ASCII" in text


def test_a_missing_right_is_refused(postgres: PostgresServer, database: str) -> None:
    with new_role(postgres, database) as role:
        text = refusal(postgres, database, user=role)
    assert f"{role} may not create schemas in it: GRANT CREATE ON DATABASE" in text


def test_an_unfinished_restore_is_refused_with_the_way_out(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    database = new_database(postgres)
    with opened(postgres, database) as connection:
        ledger.create(connection, ledger.Restoration("restore-9", "backup-9"))
    assert "holds a part of the backup backup-9" in refusal(postgres, database)


def test_everything_is_told_at_once(postgres: PostgresServer, new_database: Callable[..., str]) -> None:
    database = new_database(postgres)
    postgres.sql("CREATE TABLE public.t (i int)", database)
    with new_role(postgres, database) as role:
        lines = refusal(postgres, database, {**OTHER, "server_encoding": "LATIN1"}, user=role).splitlines()
    assert [line for line in lines if "is not empty" in line or "LATIN1" in line or "may not create" in line] == lines[
        1:
    ]
    assert len(lines) == 4
