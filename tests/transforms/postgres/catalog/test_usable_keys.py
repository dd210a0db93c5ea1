"""Which keys of a real server's tables are usable: those whose order is that of comparisons, for every row."""

from collections.abc import Callable

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import TYPE_OBJECTS, made, relation, relations
from tests.transforms.postgres.sessions import opened
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.server.session import Connection

NewDatabase = Callable[..., str]

KEYS: dict[str, tuple[str, str | None]] = {
    "a primary key": ("a int PRIMARY KEY", "t_pkey"),
    "several columns in the index's order": ("a int, b int, PRIMARY KEY (b, a)", "t_pkey"),
    "a unique constraint": ("a int NOT NULL UNIQUE", "t_a_key"),
    "a primary key before a shorter index": ("a int NOT NULL UNIQUE, b int, PRIMARY KEY (b, a)", "t_pkey"),
    "an included column": ("a int, b int, PRIMARY KEY (a) INCLUDE (b)", "t_pkey"),
    "NULLs allowed": ("a int UNIQUE", None),
    "a deferrable constraint": ("a int PRIMARY KEY DEFERRABLE", None),
    "a generated column": ("a int, b int GENERATED ALWAYS AS (a) STORED PRIMARY KEY", None),
    "a domain": ('a "My Types".fewer PRIMARY KEY', "t_pkey"),
    "a domain of a domain of an enum": ('a "My Types".moods PRIMARY KEY', "t_pkey"),
    "an enum": ('a "My Types".mood PRIMARY KEY', "t_pkey"),
    "an array": ("a int[] PRIMARY KEY", "t_pkey"),
    "a composite type": ('a "My Types"."P air" PRIMARY KEY', "t_pkey"),
    "text kinds": ("a varchar(5), b bpchar, c name, PRIMARY KEY (a, b, c)", "t_pkey"),
    "a type with another's operators": ("a cidr, b regclass, PRIMARY KEY (a, b)", "t_pkey"),
    "a hash partition's neighbours": ("a bigint, b uuid, c timestamptz, PRIMARY KEY (a, b, c)", "t_pkey"),
}
INDEXES: dict[str, tuple[str, str | None]] = {
    "a unique index": ("UNIQUE INDEX i ON public.t (a)", "i"),
    "the fewest columns": ("UNIQUE INDEX i ON public.t (b, a); CREATE UNIQUE INDEX j ON public.t (s)", "j"),
    "the first name of equals": ("UNIQUE INDEX j ON public.t (a); CREATE UNIQUE INDEX i ON public.t (b)", "i"),
    "all descending": ("UNIQUE INDEX i ON public.t (a DESC, b DESC)", "i"),
    "both directions": ("UNIQUE INDEX i ON public.t (a, b DESC)", None),
    "NULLs first": ("UNIQUE INDEX i ON public.t (a NULLS FIRST)", None),
    "not unique": ("INDEX i ON public.t (a)", None),
    "partial": ("UNIQUE INDEX i ON public.t (a) WHERE a > 0", None),
    "an expression": ("UNIQUE INDEX i ON public.t ((a + 1))", None),
    "a column and an expression": ("UNIQUE INDEX i ON public.t (a, (b + 1))", None),
    "hash": ("INDEX i ON public.t USING hash (a)", None),
    "another collation": ('UNIQUE INDEX i ON public.t (s COLLATE "POSIX")', None),
    "the column's collation, named": ('UNIQUE INDEX i ON public.t (s COLLATE "C")', "i"),
    "another operator class": ("UNIQUE INDEX i ON public.t (s text_pattern_ops)", None),
    "the operator class, named": ("UNIQUE INDEX i ON public.t (s text_ops)", "i"),
}


def key_of(relation: Relation) -> tuple[str | None, list[str]]:
    key = relation.key
    return (key.index, [relation.columns[place].name for place in key.places]) if key else (None, [])


@pytest.mark.parametrize("name", KEYS)
def test_a_constraint_is_a_key(scratch: Connection, name: str) -> None:
    columns, index = KEYS[name]
    made(scratch, TYPE_OBJECTS, f"CREATE TABLE public.t ({columns})")
    found, names = key_of(relation(scratch, "public.t"))
    assert found == index
    assert name != "several columns in the index's order" or names == ["b", "a"]


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_is_a_key(scratch: Connection, name: str) -> None:
    statement, index = INDEXES[name]
    made(scratch, 'CREATE TABLE public.t (a int NOT NULL, b int NOT NULL, s text COLLATE "C" NOT NULL)')
    made(scratch, *f"CREATE {statement}".split("; "))
    assert key_of(relation(scratch, "public.t"))[0] == index


def test_an_index_that_failed_to_be_built_is_no_key(postgres18: PostgresServer, new_database: NewDatabase) -> None:
    with opened(postgres18, new_database(postgres18)) as connection:
        made(connection, "CREATE TABLE public.t (a int NOT NULL)", "INSERT INTO public.t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON public.t (a)")
        assert relation(connection, "public.t").key is None


def test_a_not_null_that_was_never_validated_makes_no_key(
    postgres18: PostgresServer, new_database: NewDatabase
) -> None:
    with opened(postgres18, new_database(postgres18)) as connection:
        made(
            connection,
            "CREATE TABLE public.t (a int UNIQUE)",
            "INSERT INTO public.t VALUES (NULL)",
            "ALTER TABLE public.t ADD CONSTRAINT n NOT NULL a NOT VALID",
        )
        assert relation(connection, "public.t").key is None
        made(connection, "DELETE FROM public.t", "ALTER TABLE public.t VALIDATE CONSTRAINT n")
        assert key_of(relation(connection, "public.t")) == ("t_a_key", ["a"])


def test_operators_of_an_extension_are_named_with_their_schema(scratch15: Connection) -> None:
    made(
        scratch15,
        "CREATE SCHEMA ext",
        "CREATE EXTENSION citext SCHEMA ext",
        "CREATE TABLE public.t (a ext.citext PRIMARY KEY)",
        "CREATE TABLE public.mixed (a ext.citext, b int, PRIMARY KEY (a, b))",
        "CREATE TABLE public.other (a ext.citext NOT NULL)",
        "CREATE UNIQUE INDEX i ON public.other (a pg_catalog.text_ops)",
    )
    found = relations(scratch15)
    assert [found[f"public.{name}"].key is not None for name in ("t", "mixed", "other")] == [True, False, False]
    key = found["public.t"].key
    assert key is not None
    assert key.operators == "ext"


def test_a_collation_of_another_version_makes_no_key(scratch15: Connection) -> None:
    made(
        scratch15,
        "CREATE COLLATION public.german (provider = icu, locale = 'de')",
        "CREATE TABLE public.t (a text COLLATE public.german PRIMARY KEY)",
    )
    assert relation(scratch15, "public.t").key is not None
    made(scratch15, "UPDATE pg_catalog.pg_collation SET collversion = '1.0' WHERE collname = 'german'")
    assert relation(scratch15, "public.t").key is None


def test_a_default_collation_of_another_version_makes_no_key(
    postgres15: PostgresServer, new_database: NewDatabase
) -> None:
    words = "TEMPLATE template0 LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
    with opened(postgres15, new_database(postgres15, words)) as connection:
        made(
            connection,
            "CREATE TABLE public.t (a text PRIMARY KEY)",
            'CREATE TABLE public.c (a text COLLATE "C" PRIMARY KEY)',
            "CREATE TABLE public.i (a int PRIMARY KEY)",
        )
        assert all(each.key for each in relations(connection).values())
        made(
            connection,
            "UPDATE pg_catalog.pg_database SET datcollversion = '1.0' WHERE datname = pg_catalog.current_database()",
        )
        found = relations(connection)
    assert {name: each.key is not None for name, each in found.items()} == {
        "public.c": True,
        "public.i": True,
        "public.t": False,
    }
