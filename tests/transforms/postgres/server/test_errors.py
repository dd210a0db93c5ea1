"""The server's errors as ours, each one provoked in a real server."""

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer
from transforms.errors import NotFoundError, RefusedError, ShardkeepError, UnreachableError, UsageError
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection, connect

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'so be it' USING ERRCODE = '{}'; END $$"


@pytest.fixture
def connection(postgres: PostgresServer) -> Connection:
    return connect(parse_database(postgres.url()), purpose="test")


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("SELECT * FROM nowhere.nothing", NotFoundError, "nowhere.nothing"),
        ("SELECT FROM WHERE", UsageError, "syntax error"),
        ("SELECT no_such_column FROM pg_catalog.pg_class", UsageError, "no_such_column"),
        ("SELECT pg_catalog.no_such()", UsageError, "no_such"),
        ("SELECT 1/0", RefusedError, "division by zero"),
        ("SET ROLE pg_signal_backend; CREATE ROLE other", UnreachableError, "Grant the missing right"),
        ("BEGIN READ ONLY; CREATE TABLE public.t ()", RefusedError, "primary"),
        ("SET statement_timeout = 1; SELECT pg_sleep(10)", RefusedError, "cancelled"),
        (RAISE.format("53100"), UnreachableError, "disk is full"),
        (RAISE.format("53300"), UnreachableError, "--max_connections"),
        (RAISE.format("55P03"), RefusedError, "locked or is being changed"),
        (RAISE.format("40P01"), RefusedError, "locked or is being changed"),
        (RAISE.format("40001"), RefusedError, "max_standby_streaming_delay"),
        (RAISE.format("57P01"), UnreachableError, "the server's log"),
        (RAISE.format("XX001"), ShardkeepError, "damage"),
        (RAISE.format("ZZ123"), RefusedError, "so be it"),
    ],
)
def test_an_error_says_what_was_tried_what_the_server_said_and_what_to_do(
    connection: Connection, statement: str, kind: type[ShardkeepError], words: str
) -> None:
    with connection, pytest.raises(kind, match=words) as caught, translated("Trying this"):
        connection.execute(statement.encode())
    assert str(caught.value).startswith("Trying this: ")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.Error)


def test_a_session_that_was_ended_is_unreachable(postgres: PostgresServer, connection: Connection) -> None:
    postgres.sql(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
    with pytest.raises(UnreachableError, match="terminating connection"), translated("Asking"):
        connection.execute("SELECT 1")
    with pytest.raises(UnreachableError, match="the connection is closed"), translated("Asking"):
        connection.execute("SELECT 1")


def test_a_wrong_use_of_the_driver_stays_a_fault_of_ours(connection: Connection) -> None:
    with connection, pytest.raises(psycopg.ProgrammingError), translated("Asking"):
        connection.execute("SELECT %s", [])


def test_the_detail_that_the_server_gives_is_kept(connection: Connection) -> None:
    words = "DO $$ BEGIN RAISE EXCEPTION 'so be it' USING ERRCODE = '23505', DETAIL = 'Key (a)=(1).'; END $$"
    with connection, pytest.raises(RefusedError, match=r"so be it\. Key \(a\)=\(1\)\. The rows"), translated("T"):
        connection.execute(words)
