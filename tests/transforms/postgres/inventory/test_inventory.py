from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import postgres_server
from tests.servers.postgres_server import SUPERUSER, PostgresServer
from tests.transforms.postgres.sessions import new_role, opened
from transforms.errors import IntegrityError, RefusedError
from transforms.key_range import KeyRange
from transforms.postgres.catalog.privilege import Privilege
from transforms.postgres.catalog.sequences import SequenceValue
from transforms.postgres.inventory.database_properties import (
    DatabaseProperties,
    Setting,
    create_statement,
    list_items,
    owner_statement,
    privilege_statements,
    read_properties,
    setting_statements,
)
from transforms.postgres.inventory.extensions import Extension
from transforms.postgres.inventory.inventory import parse_inventory, take_inventory
from transforms.postgres.large_objects import pages as large_objects
from transforms.postgres.large_objects.properties import LargeObjectProperties
from transforms.postgres.names.identifiers import Name

ODD = 'Odd "name", \\ and é'
OBJECTS = """
    CREATE TABLE a (id serial); CREATE TABLE b (id serial); INSERT INTO a VALUES (DEFAULT), (DEFAULT);
    CREATE MATERIALIZED VIEW m AS SELECT id FROM a; SELECT lo_create(42);
"""


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    return new_database(postgres)


def test_an_inventory_is_the_same_each_time_and_survives_its_attachment(
    postgres: PostgresServer, database: str
) -> None:
    postgres.sql(OBJECTS, database)
    with opened(postgres, database) as session:
        taken = replace(take_inventory(session), facts={"snapshot": "1"})
        assert replace(take_inventory(session), facts={"snapshot": "1"}).encode() == taken.encode()
    assert parse_inventory(taken.encode()) == taken
    assert taken.sequences == (
        SequenceValue(Name("public", "a_id_seq"), 2, True),
        SequenceValue(Name("public", "b_id_seq"), 1, False),
    )
    assert taken.matviews == (Name("public", "m"),)
    assert [span.first for span in taken.large_objects.spans] == [42]
    assert taken.extensions == (Extension("plpgsql", "1.0", "pg_catalog"),)
    assert SUPERUSER in [role.name for role in taken.roles]


def test_an_inventory_of_some_tables_has_their_sequences_alone(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS, database)
    with opened(postgres, database) as session:
        [[oid]] = session.execute("SELECT 'public.a'::pg_catalog.regclass::oid").fetchall()
        taken = take_inventory(session, [oid])
    assert [value.name.name for value in taken.sequences] == ["a_id_seq"]
    assert (taken.matviews, taken.large_objects) == ((), LargeObjectProperties())


def test_an_sql_ascii_database_has_an_inventory_of_any_bytes(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    name = new_database(postgres, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with opened(postgres, name) as session:
        session.execute(b'CREATE SEQUENCE public."\xe9\xff"')
        session.execute("SELECT pg_catalog.lo_create(42)")
        session.execute(b"COMMENT ON LARGE OBJECT 42 IS '\xfe'")
        taken = take_inventory(session)
    assert taken.sequences == (SequenceValue(Name("public", "\udce9\udcff"), 1, False),)
    assert taken.large_objects.comments == ((42, "\udcfe"),)
    assert taken.properties.encoding == "SQL_ASCII"
    assert parse_inventory(taken.encode()) == taken


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 2}', b'{"format": 1}', b"\xff"])
def test_an_attachment_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"database\.json"):
        parse_inventory(data)


def test_a_standby_tells_everything_but_unlogged_sequences_which_are_named(
    postgres: PostgresServer, database: str
) -> None:
    postgres.sql(OBJECTS, database)
    postgres.sql("SELECT lo_put(42, 5000000, 'x')", database)
    with opened(postgres, database) as session:
        before = take_inventory(session)
        pages = [batch.records for batch in large_objects.read(session, KeyRange(), 1)]
    postgres.sql("CREATE UNLOGGED SEQUENCE lost", database)
    with (
        postgres.copied() as data,
        postgres_server.started(postgres.binaries, data) as standby,
        opened(standby, database) as session,
    ):
        taken = take_inventory(session)
        assert [batch.records for batch in large_objects.read(session, KeyRange(), 1)] == pages
    assert taken == replace(before, lost_sequences=(Name("public", "lost"),))
    assert taken.notes == ["Unlogged sequences, which have no value on a standby: they begin anew: public.lost."]
    assert before.notes == []


PROPERTIES = DatabaseProperties(
    "db", "UTF8", "libc", "C", "C", "", "", "", "postgres", "pg_default", -1, False, None, None, ()
)


@pytest.fixture
def odd_copy(postgres: PostgresServer) -> Iterator[str]:
    yield ODD
    quoted = ODD.replace('"', '""')
    postgres.sql(f'DROP DATABASE IF EXISTS "{quoted}" WITH (FORCE)')


def test_a_databases_properties_come_back_under_another_name(
    postgres: PostgresServer, database: str, odd_copy: str
) -> None:
    with new_role(postgres, database) as owner, new_role(postgres, database) as guest:
        postgres.sql(
            f"""
            ALTER DATABASE {database} OWNER TO {owner}; ALTER DATABASE {database} CONNECTION LIMIT 17;
            COMMENT ON DATABASE {database} IS 'it''s \\odd';
            ALTER DATABASE {database} SET search_path TO "My, ""Schema", public, '';
            ALTER DATABASE {database} SET my.own_value TO 'a, "b"';
            ALTER DATABASE {database} SET work_mem TO '5MB';
            ALTER ROLE {guest} IN DATABASE {database} SET DateStyle TO 'German, DMY';
            REVOKE ALL ON DATABASE {database} FROM PUBLIC;
            GRANT CONNECT ON DATABASE {database} TO {guest} WITH GRANT OPTION;
            """
        )
        with opened(postgres, database) as source:
            properties = read_properties(source)
            source.execute(create_statement(properties, odd_copy, source.info.server_version))
            for _ in range(2):
                for statement in [
                    *setting_statements(properties, odd_copy),
                    owner_statement(properties, odd_copy),
                    *privilege_statements(properties, odd_copy),
                ]:
                    source.execute(statement)
        with opened(postgres, odd_copy) as copy:
            assert replace(read_properties(copy), name=database) == properties
            copy.execute("RESET search_path")
            assert copy.execute("SHOW search_path").fetchone() == ('"My, ""Schema", public, ""',)
        assert properties.settings == (
            Setting("", "my.own_value", 'a, "b"'),
            Setting("", "search_path", '"My, ""Schema", public, ""'),
            Setting("", "work_mem", "5MB"),
            Setting(guest, "DateStyle", "German, DMY"),
        )
        assert properties.comment == "it's \\odd"
        assert properties.privileges is not None
        assert Privilege(owner, guest, "CONNECT", True) in properties.privileges
        quoted = odd_copy.replace('"', '""')
        postgres.sql(f'DROP DATABASE "{quoted}" WITH (FORCE)')


@pytest.mark.parametrize("words", ["LOCALE 'C' ENCODING 'LATIN1'", "LOCALE 'C.UTF-8'", *(
    ["LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C.UTF-8'"])])  # fmt: skip
def test_encoding_and_locale_come_back(postgres: PostgresServer, new_database: Callable[..., str], words: str) -> None:
    if "icu" in words and not postgres.sql("SELECT 1 FROM pg_collation WHERE collname = 'de-x-icu'"):
        words = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"  # that server has no ICU, but this
    name = new_database(postgres, f"TEMPLATE template0 {words}")
    with opened(postgres, name) as source:
        properties = read_properties(source)
        source.execute(create_statement(properties, f"{name}_copy", source.info.server_version))
    with opened(postgres, f"{name}_copy") as copy:
        assert replace(read_properties(copy), name=name) == properties
    postgres.sql(f"DROP DATABASE {name}_copy WITH (FORCE)")


def test_a_provider_that_the_server_lacks_is_refused() -> None:
    with pytest.raises(RefusedError, match="provider builtin, which PostgreSQL 16 lacks"):
        create_statement(replace(PROPERTIES, provider="builtin", locale="C"), "x", 160004)


NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_list_settings_fall_into_the_names_that_were_put_in(names: list[str]) -> None:
    value = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    assert list_items(value) == names
