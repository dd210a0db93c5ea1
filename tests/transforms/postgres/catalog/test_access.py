"""What may not be read is named, all of it at once, before anything is read."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import loaded, module_database, relations
from tests.transforms.postgres.sessions import new_role, opened
from transforms.errors import UnreachableError
from transforms.postgres.catalog.catalog import list_tables
from transforms.postgres.names.selection import Selection
from transforms.postgres.server.session import Connection

TABLES = """
    CREATE SCHEMA closed; CREATE TABLE closed.t (a int); GRANT SELECT ON closed.t TO {role};
    CREATE TABLE public.open (a int, b int); GRANT SELECT ON public.open TO {role};
    CREATE TABLE public.secret (a int, b int); CREATE TABLE public.secret2 (a int);
    CREATE TABLE public.half (a int, b int); GRANT SELECT (a) ON public.half TO {role};
    CREATE TABLE public.filtered (a int); GRANT SELECT ON public.filtered TO {role};
    ALTER TABLE public.filtered ENABLE ROW LEVEL SECURITY;
    CREATE TABLE public.own (a int); ALTER TABLE public.own OWNER TO {role};
    ALTER TABLE public.own ENABLE ROW LEVEL SECURITY;
    CREATE TABLE public.forced (a int); ALTER TABLE public.forced OWNER TO {role};
    ALTER TABLE public.forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
"""


@pytest.fixture(scope="module")
def place(postgres: PostgresServer) -> Iterator[tuple[PostgresServer, str, str]]:
    """A server, a database with tables of all kinds, and a role that may not read all of them."""
    with module_database(postgres) as database, new_role(postgres, database) as role:
        postgres.sql(TABLES.format(role=role), database)
        yield postgres, database, role


@pytest.fixture
def connection(place: tuple[PostgresServer, str, str]) -> Iterator[Connection]:
    with opened(*place) as session:
        yield session


def test_every_table_that_may_not_be_read_is_named_with_the_way_out(connection: Connection) -> None:
    with pytest.raises(UnreachableError) as caught:
        loaded(connection)
    words, role = str(caught.value), connection.info.user
    assert "No USAGE on the schema of: closed.t. GRANT USAGE ON SCHEMA closed." in words
    assert f"No SELECT on: public.half, public.secret, public.secret2. GRANT SELECT ON them TO {role}." in words
    assert f"would filter: public.filtered, public.forced. ALTER ROLE {role} BYPASSRLS." in words
    assert "pg_read_all_data" in words
    assert words.endswith("Or leave those with such policies out: --exclude_table=...")


def test_leaving_out_is_no_way_out_where_the_archive_needs_the_right(connection: Connection) -> None:
    left_out = Selection.parse(exclude_table="public.filtered,public.forced")
    with pytest.raises(UnreachableError, match=r"pg_read_all_data TO \w+ \(14 or later\) opens all tables\.$"):
        loaded(connection, left_out)


def test_the_list_of_tables_to_lock_is_held_to_the_same(connection: Connection) -> None:
    with pytest.raises(UnreachableError, match=r"public\.secret2"):
        list_tables(connection, Selection())


def test_tables_that_are_left_out_need_no_right(connection: Connection) -> None:
    left_out = "closed.*,public.secret*,public.half,public.filtered,public.forced"
    assert list(relations(connection, Selection.parse(exclude_table=left_out))) == ["public.open", "public.own"]


def test_a_role_that_bypasses_policies_reads_every_row(place: tuple[PostgresServer, str, str]) -> None:
    server, database, _ = place
    with new_role(server, database, "LOGIN BYPASSRLS") as role:
        server.sql(f"GRANT SELECT ON public.filtered, public.forced TO {role}", database)
        with opened(server, database, role) as connection:
            found = relations(connection, Selection.parse(table="public.filtered,public.forced"))
    assert list(found) == ["public.filtered", "public.forced"]


def test_a_member_of_pg_read_all_data_reads_every_table_but_those_with_policies(
    place: tuple[PostgresServer, str, str],
) -> None:
    server, database, _ = place
    with (
        new_role(server, database, "LOGIN IN ROLE pg_read_all_data") as role,
        opened(server, database, role) as connection,
        pytest.raises(UnreachableError) as caught,
    ):
        loaded(connection)
    assert "would filter: public.filtered, public.forced, public.own." in str(caught.value)
    assert str(caught.value).endswith(f"ALTER ROLE {role} BYPASSRLS. Or leave them out: --exclude_table=...")
    assert "No SELECT" not in str(caught.value)
    assert "pg_read_all_data" not in str(caught.value)


def test_a_condition_that_calls_what_the_role_may_not_is_no_wrong_usage(
    place: tuple[PostgresServer, str, str],
) -> None:
    server, database, role = place
    server.sql(
        "CREATE FUNCTION public.f() RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT true';"
        " REVOKE EXECUTE ON FUNCTION public.f FROM PUBLIC",
        database,
    )
    selection = Selection.parse(table="public.open", where=["public.open:public.f()"])
    with opened(server, database, role) as connection, pytest.raises(UnreachableError, match=r"--where=public\.open"):
        loaded(connection, selection)


def test_what_pg_dump_will_need_is_asked_for_before_rows_are_read(connection: Connection) -> None:
    with pytest.raises(UnreachableError) as caught:
        list_tables(connection, Selection.parse(table="public.open"))
    words = str(caught.value)
    assert "closed.t" in words
    assert "public.secret2" in words
    assert "policies" not in words  # those of a table that is not read filter nothing


def test_a_sequence_that_may_not_be_read_is_told_before_rows_are_read(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    name = new_database(postgres)
    with new_role(postgres, name) as role:
        postgres.sql(f"CREATE TABLE t (a serial, b int); GRANT SELECT ON t TO {role}", name)
        with opened(postgres, name, role) as session, pytest.raises(UnreachableError, match=r"public\.t_a_seq"):
            list_tables(session, Selection())


def test_a_table_of_an_extension_needs_no_right(postgres: PostgresServer, new_database: Callable[..., str]) -> None:
    name = new_database(postgres)
    with new_role(postgres, name) as role:
        postgres.sql("CREATE TABLE t (a int); ALTER EXTENSION plpgsql ADD TABLE t", name)
        with opened(postgres, name, role) as session:
            assert list_tables(session, Selection()) == []
