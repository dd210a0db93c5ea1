from collections.abc import Callable

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import new_role, opened
from transforms.errors import NotFoundError, UnreachableError
from transforms.postgres.catalog.sequences import (
    AT_ONCE,
    SequenceList,
    SequenceValue,
    list_sequences,
    read_values,
    set_values,
)
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.session import Connection

OBJECTS = """
    CREATE SCHEMA "My.Schema";
    CREATE SEQUENCE "My.Schema"."Free ""one"" s" MINVALUE -5 INCREMENT -1 MAXVALUE 100 START 100;
    CREATE SEQUENCE counter START 7;
    CREATE TABLE orders (id serial, line bigint GENERATED ALWAYS AS IDENTITY,
        number int DEFAULT pg_catalog.nextval('counter'));
    CREATE TABLE others (id serial);
"""
FREE, COUNTER = Name("My.Schema", 'Free "one" s'), Name("public", "counter")
ORDERS = (Name("public", "orders_id_seq"), Name("public", "orders_line_seq"))
OTHERS = Name("public", "others_id_seq")


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    name = new_database(postgres)
    postgres.sql(OBJECTS, name)
    return name


def oid_of(session: Connection, table: str) -> int:
    row = session.execute("SELECT %s::text::pg_catalog.regclass::oid::int8", (table,)).fetchone()
    assert row is not None
    return int(row[0])


def test_all_sequences_of_a_database_are_listed_but_temporary_ones(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as session:
        session.execute("CREATE TEMP SEQUENCE passing")
        assert list_sequences(session) == SequenceList((FREE, COUNTER, *ORDERS, OTHERS), ())


def test_a_tables_sequences_are_those_it_owns_and_those_its_defaults_use(
    postgres: PostgresServer, database: str
) -> None:
    with opened(postgres, database) as session:
        assert list_sequences(session, [oid_of(session, "public.orders")]).names == (COUNTER, *ORDERS)
        assert list_sequences(session, [oid_of(session, "public.others")]).names == (OTHERS,)
        assert list_sequences(session, []).names == ()


def test_a_partitions_sequences_are_those_of_the_tables_above_it(postgres: PostgresServer, database: str) -> None:
    postgres.sql(
        "CREATE TABLE root (id bigint GENERATED ALWAYS AS IDENTITY, n serial) PARTITION BY RANGE (id);"
        "CREATE TABLE middle PARTITION OF root FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id);"
        "CREATE TABLE leaf PARTITION OF middle DEFAULT",
        database,
    )
    with opened(postgres, database) as session:
        names = list_sequences(session, [oid_of(session, "public.leaf")]).names
    assert names == (Name("public", "root_id_seq"), Name("public", "root_n_seq"))


def test_values_are_those_of_now_whatever_the_snapshot_sees(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        names = list_sequences(session).names
        postgres.sql("SELECT nextval('counter'), nextval('counter')", database)
        postgres.sql("ALTER SEQUENCE others_id_seq RESTART 50", database)
        assert read_values(session, names) == (
            SequenceValue(FREE, 100, False),
            SequenceValue(COUNTER, 8, True),
            SequenceValue(ORDERS[0], 1, False),
            SequenceValue(ORDERS[1], 1, False),
            SequenceValue(OTHERS, 50, False),
        )


def test_values_that_are_set_twice_are_those_that_were_read(
    postgres: PostgresServer, database: str, new_database: Callable[..., str]
) -> None:
    copy = new_database(postgres)
    postgres.sql(OBJECTS, copy)
    postgres.sql("""SELECT nextval('counter'), nextval('"My.Schema"."Free ""one"" s"')""", database)
    postgres.sql("SELECT setval('others_id_seq', 9223372036854775807 >> 32)", database)
    with opened(postgres, database) as source, opened(postgres, copy) as target:
        values = read_values(source, list_sequences(source).names)
        set_values(target, values)
        set_values(target, values)
        assert read_values(target, list_sequences(target).names) == values


def test_many_sequences_are_read_in_the_order_given(postgres: PostgresServer, database: str) -> None:
    names = [Name("public", f"many_{number}") for number in range(AT_ONCE + 3)]
    postgres.sql("".join(f"CREATE SEQUENCE {name} START {place};" for place, name in enumerate(names, 1)), database)
    with opened(postgres, database) as session:
        values = read_values(session, reversed(names))
    assert [value.last_value for value in values] == list(range(AT_ONCE + 3, 0, -1))


def test_sequences_that_may_not_be_read_are_all_named(postgres: PostgresServer, database: str) -> None:
    with new_role(postgres, database) as reader:
        postgres.sql(f"GRANT SELECT ON others_id_seq TO {reader}", database)
        with opened(postgres, database, reader) as session, pytest.raises(UnreachableError) as caught:
            list_sequences(session)
    assert f"{FREE}, public.counter, public.orders_id_seq, public.orders_line_seq. Grant" in str(caught.value)


def test_a_sequence_that_is_dropped_meanwhile_is_an_error(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        names = list_sequences(session).names
        postgres.sql('DROP SEQUENCE "My.Schema"."Free ""one"" s"', database)
        with pytest.raises(NotFoundError, match=r"My\.Schema"):
            read_values(session, names)


def test_sequences_of_extensions_are_not_listed_unless_their_extension_says_so(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    name = new_database(postgres)
    postgres.sql("CREATE SEQUENCE hidden; CREATE SEQUENCE kept; ALTER EXTENSION plpgsql ADD SEQUENCE hidden", name)
    postgres.sql("ALTER EXTENSION plpgsql ADD SEQUENCE kept", name)
    postgres.sql("UPDATE pg_extension SET extconfig = ARRAY['kept'::regclass], extcondition = ARRAY['']", name)
    with opened(postgres, name) as session:
        assert list_sequences(session).names == (Name("public", "kept"),)


def test_a_value_survives_json() -> None:
    value = SequenceValue(Name("a", "b"), -1 << 63, True)
    assert SequenceValue.from_json(value.to_json()) == value
