"""Sessions with real servers: what is pinned, and what a failure says."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from tests.servers.postgres_server import PostgresServer
from transforms.errors import NotFoundError, UnreachableError, UsageError
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.session import SETTINGS, connect

NewDatabase = Callable[..., str]
SECRET_ROLE = "with_password"  # noqa: S105 - the server's pg_hba.conf asks this role for one


def database_of(server: PostgresServer, name: str = "postgres", user: str = "postgres") -> Database:
    return parse_database(server.url(name, user))


@pytest.fixture
def secret_role(postgres: PostgresServer) -> Database:
    """A database with a role that must give the password hunter2."""
    postgres.sql(f"DROP ROLE IF EXISTS {SECRET_ROLE}; CREATE ROLE {SECRET_ROLE} LOGIN PASSWORD 'hunter2'")
    return database_of(postgres, user=SECRET_ROLE)


def test_settings_are_pinned_whatever_role_and_database_prefer(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    name = new_database(postgres)
    for words in ("DateStyle='German'", "TimeZone='Asia/Tokyo'", "statement_timeout=5", "search_path=public",
                  "IntervalStyle=iso_8601", "extra_float_digits=0", "quote_all_identifiers=on",
                  "gin_fuzzy_search_limit=1", "enable_tidscan=off"):  # fmt: skip
        postgres.sql(f"ALTER DATABASE {name} SET {words}")
    with connect(database_of(postgres, name), purpose="test") as connection:
        major = connection.info.server_version // 10000
        found = {
            setting: connection.execute(f"SHOW {setting}").fetchone()
            for setting, _, since in SETTINGS
            if major >= since
        }
        assert found == {setting: (value,) for setting, value, since in SETTINGS if major >= since}
        shown = connection.execute("SELECT 1e-7::float8, '2000-01-02'::date::text, '1 day 2 hours'::interval::text")
        assert shown.fetchone() == (1e-7, "2000-01-02", "1 day 02:00:00")


def test_the_environment_changes_no_setting(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=7 -c DateStyle=German")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connect(database_of(postgres), purpose="test") as connection:
        query = "SELECT " + ", ".join(
            f"current_setting('{name}')" for name in ("statement_timeout", "TimeZone", "client_encoding")
        )
        assert connection.execute(query.encode()).fetchone() == ("0", "UTC", "UTF8")


def test_no_limit_of_a_role_ends_the_statement_that_pins_the_settings(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    name = new_database(postgres)
    postgres.sql(f"ALTER DATABASE {name} SET statement_timeout=1")
    with connect(database_of(postgres, name), purpose="test") as connection:
        source = "SELECT source, reset_val FROM pg_settings WHERE name = 'statement_timeout'"
        assert connection.execute(source).fetchone() == ("session", "0")


def test_a_session_says_what_it_is_for(postgres: PostgresServer) -> None:
    with connect(database_of(postgres), purpose="reader") as connection:
        query = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        assert connection.execute(query).fetchone() == ("shardkeep reader",)


def test_a_password_comes_from_the_environment(secret_role: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    with connect(secret_role, purpose="test") as connection:
        assert connection.execute("SELECT current_user").fetchone() == (SECRET_ROLE,)


def test_a_wrong_password_is_an_error_with_the_ways_to_give_one(
    secret_role: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter3")
    with pytest.raises(UnreachableError, match=r"password authentication failed.*--password_secret") as caught:
        connect(secret_role, purpose="test")
    assert "hunter" not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"


def test_a_missing_password_is_an_error(secret_role: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    with pytest.raises(UnreachableError, match="no password supplied"):
        connect(secret_role, purpose="test")


def test_a_database_that_does_not_exist_is_not_found(postgres: PostgresServer) -> None:
    with pytest.raises(NotFoundError, match='database "no such" does not exist'):
        connect(database_of(postgres, "no%20such"), purpose="test")


def test_a_role_that_does_not_exist_is_let_in_nowhere(postgres: PostgresServer) -> None:
    with pytest.raises(UnreachableError, match='role "nobody there" does not exist'):
        connect(database_of(postgres, user="nobody%20there"), purpose="test")


def test_a_server_without_a_free_connection_names_the_option(postgres: PostgresServer) -> None:
    postgres.sql("DROP ROLE IF EXISTS crowd; CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
    with pytest.raises(UnreachableError, match=r"too many connections for role.*--max_connections"):
        connect(database_of(postgres, user="crowd"), purpose="test")


def test_without_a_server_the_error_names_the_address() -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1/shop.*Connection refused"):
        connect(Database("127.0.0.1", 1, "me", "shop"), purpose="test")


def test_a_parameter_that_libpq_does_not_know_is_named(postgres18: PostgresServer) -> None:
    database = Database("127.0.0.1", postgres18.port, "postgres", "postgres", (("sslmood", "glad"),))
    with pytest.raises(UsageError, match="sslmood"):
        connect(database, purpose="test")


def test_a_failed_start_leaves_no_session(postgres15: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.postgres.server.session.SETTINGS", (("no_such_setting", "1", 0),))
    with pytest.raises(NotFoundError, match="no_such_setting"):
        connect(database_of(postgres15), purpose="failed start")
    # The server notices the end of a connection when it likes: ask until it has.
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shardkeep failed start'"
    with psycopg.connect(postgres15.url(), autocommit=True) as observer:
        while observer.execute(query).fetchone() != (0,):
            continue


def test_an_ascii_database_keeps_bytes_that_are_no_text(postgres: PostgresServer, new_database: NewDatabase) -> None:
    name = new_database(postgres, "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with connect(database_of(postgres, name), purpose="test") as connection:
        connection.execute(sql.SQL("CREATE TABLE {} (a text)").format(sql.Identifier("public", "tä")))
        connection.execute('INSERT INTO public."tä" VALUES (%s), (%s)', ["ü\udcff", "x"])
        rows = connection.execute('SELECT a, octet_length(a) FROM public."tä"').fetchall()
        assert rows == [("ü\udcff", 3), ("x", 1)]
        kinds = connection.execute("SELECT relname, relkind FROM pg_class WHERE relname = %s", ["tä"]).fetchall()
        assert kinds == [("tä", "r")]
        with connection.cursor().copy(sql.SQL("COPY public.{} TO STDOUT").format(sql.Identifier("tä"))) as copy:
            assert b"".join(map(bytes, copy)) == b"\xc3\xbc\xff\nx\n"


def test_a_role_that_lets_damage_pass_reads_nothing_in_silence(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    name = new_database(postgres)
    postgres.sql(f"ALTER DATABASE {name} SET zero_damaged_pages = on")
    with connect(database_of(postgres, name), purpose="test") as connection:
        assert connection.execute("SHOW zero_damaged_pages").fetchone() == ("off",)
    postgres.sql("CREATE ROLE no_superuser LOGIN")
    try:
        with pytest.raises(UnreachableError, match="zero_damaged_pages"):
            connect(database_of(postgres, name, "no_superuser"), purpose="test")
    finally:
        postgres.sql("DROP ROLE no_superuser")
