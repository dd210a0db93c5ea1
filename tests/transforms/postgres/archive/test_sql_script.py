"""Where a text is cut is held against the server, which answers each statement of a text on its own."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened
from transforms.postgres.archive.sql_script import statements
from transforms.postgres.server.session import Connection

# Each is a whole statement of one value, with what could be taken for the end of one.
STATEMENTS = (
    "SELECT 1",
    "SELECT ';'",
    "SELECT 'it''s; -- no comment'",
    r"SELECT E'it\'s; \\'",
    r"SELECT 'a backslash \'",
    "SELECT E'over\\''\n  '\\'; two lines'",
    'SELECT 1 AS "odd;""name"',
    "SELECT $$;$$",
    "SELECT $a$;$b$;$$;$a$",
    "SELECT $ä_1$;$ä_1$",
    "SELECT 1 AS a$b$c",
    "SELECT 1 /* ; /* ; */ ; */",
    "SELECT 1 -- ;\n",
    "SELECT 2-1/1",
    "SELECT CASE WHEN true THEN 1 END",
    "SELECT (1)",
    "SELECT U&'\\0061;'",
    "SELECT 1 AS begin",
)
FUNCTIONS = (
    "CREATE FUNCTION pg_temp.f(a int) RETURNS int BEGIN ATOMIC SELECT CASE $1 WHEN 1 THEN 2 END; SELECT (a); END",
    "create or replace procedure pg_temp.p() language sql begin atomic; end",
    "CREATE FUNCTION pg_temp.f(a int) RETURNS int LANGUAGE sql AS 'SELECT $1; SELECT 2;'",
    "CREATE RULE r AS ON DELETE TO pg_temp.t DO INSTEAD (SELECT 1; SELECT 2)",
)
BETWEEN = st.sampled_from(("", " ", "\n", "-- ;\n", "/* ; /* ' */ */", "/**/;"))


@pytest.fixture(scope="module")
def session(postgres18: PostgresServer) -> Iterator[Connection]:
    with opened(postgres18, "postgres") as connection:
        yield connection


def answers(session: Connection, text: bytes) -> list[object]:
    """What the server answers to each statement of a text."""
    cursor = session.execute(text)
    values: list[object] = [cursor.fetchone()]
    while cursor.nextset():
        values.append(cursor.fetchone())
    return values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(BETWEEN, st.sampled_from(STATEMENTS), BETWEEN), min_size=1, max_size=5))
def test_a_text_is_cut_where_the_server_cuts_it(session: Connection, parts: list[tuple[str, str, str]]) -> None:
    text = ";".join("".join(part) for part in parts).encode()
    found = statements(text)
    assert len(found) == len(parts)
    # One at a time by the extended protocol, which refuses two.
    assert [session.execute(each, binary=False, prepare=True).fetchone() for each in found] == answers(session, text)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_bodies_hold_semicolons(session: Connection, function: str) -> None:
    text = f"CREATE TABLE pg_temp.t (i int); {function} ; SELECT 1;"
    found = statements(text.encode())
    assert found == [b"CREATE TABLE pg_temp.t (i int)", function.encode(), b"SELECT 1"]
    with session.transaction(force_rollback=True):
        for each in found:
            session.execute(each, binary=True)


def test_the_server_takes_one_statement_only(session: Connection) -> None:
    with pytest.raises(psycopg.errors.SyntaxError, match="multiple commands"):
        session.execute(b"SELECT 1; SELECT 2", binary=True)


def test_bytes_that_are_not_utf8_stay_as_they_are() -> None:
    assert statements(b"SELECT '\xff;'; SELECT \"\xf6\"") == [b"SELECT '\xff;'", b'SELECT "\xf6"']


def test_nothing_is_no_statement() -> None:
    assert [statements(text) for text in (b"", b" \n", b";;", b"-- a\n", b"-- a;", b"/* ; */ ;\n")] == [[]] * 6


@pytest.mark.parametrize("text", ["SELECT 'a;", 'SELECT "a;', "SELECT $$;", "SELECT /* ;", "SELECT E'\\';"])
def test_what_is_left_open_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="left open"):
        statements(text.encode())


@given(st.binary())
def test_any_bytes_are_cut_or_refused(text: bytes) -> None:
    try:
        found = statements(text)
    except ValueError:
        return
    assert all(each and each in text for each in found)
