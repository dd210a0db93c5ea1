"""Tables whose indexes and statistics call functions that call others by bare names.

As in GMOD/Chado#65, postgis/h3-pg#168 and dimitri/pgcopydb#489. PostgreSQL 17 and later make no such index, but keep
one that was made before: here the bodies lose their schemas when the indexes are there.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import loaded, made, module_database, relations
from tests.transforms.postgres.sessions import database_of, opened
from transforms.errors import RefusedError
from transforms.key_range import KeyRange
from transforms.postgres.catalog.plan_path import find
from transforms.postgres.catalog.relation import CTID, KEY, Relation
from transforms.postgres.moment.moment import BEGIN
from transforms.postgres.names.selection import Selection
from transforms.postgres.ranges.read import read
from transforms.postgres.ranges.split import plan
from transforms.postgres.server.session import Connection
from transforms.postgres.source import PostgresSource
from transforms.source import Wanted

FUNCTIONS = """
    CREATE FUNCTION {s}.mk_{s}(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select a * 1000 + b';
    CREATE FUNCTION {s}.rng(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select {s}.mk_{s}(a, 0) + b';
    CREATE FUNCTION {s}.big(i int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'select {s}.mk_{s}(i, 0) > 100000';
    CREATE OPERATOR {s}.@# (leftarg = int, rightarg = int, function = {s}.rng);
"""
TABLE = """
    CREATE TABLE {s}.{t} (id int PRIMARY KEY, a int, b int, kind regclass);
    INSERT INTO {s}.{t} SELECT g, g, -g, 'public.loc'::regclass FROM generate_series(1, 3000) g;
"""
CALLS = {
    "expression": "CREATE INDEX ON {s}.{t} ({s}.rng(a, b));",
    "operator": "CREATE INDEX ON {s}.{t} ((a OPERATOR({s}.@#) b));",
    "predicate": "CREATE INDEX ON {s}.{t} (a) WHERE {s}.big(a);",
    "statistics": "CREATE STATISTICS {s}.{t}_st ON {s}.rng(a, b), a FROM {s}.{t};",
}
BARE = """
    CREATE OR REPLACE FUNCTION {s}.rng(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select mk_{s}(a, 0) + b';
    CREATE OR REPLACE FUNCTION {s}.big(i int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'select mk_{s}(i, 0) > 100000';
"""


def script() -> str:
    parts = ["CREATE TABLE public.loc (); CREATE SCHEMA hidden; SET check_function_bodies = off;"]
    for schema in ("public", "hidden"):
        parts += [FUNCTIONS.format(s=schema)]
        parts += [(TABLE + call).format(s=schema, t=name) for name, call in CALLS.items()]
        parts += [BARE.format(s=schema)]
    return "".join([*parts, TABLE.format(s="public", t="plain")])


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as name:
        postgres.sql(script(), name)
        yield name


@pytest.fixture
def session(postgres: PostgresServer, database: str) -> Iterator[Connection]:
    with opened(postgres, database) as connection:
        connection.execute(BEGIN)
        yield connection


def test_only_tables_that_need_a_path_have_one(session: Connection) -> None:
    found = relations(session)
    assert {name: each.search_path for name, each in found.items() if each.search_path} == {
        **{f"public.{name}": ("public",) for name in CALLS},
        **{f"hidden.{name}": ("public", "hidden") for name in CALLS},
    }
    assert {each.order for each in found.values() if each.search_path} == {CTID}
    assert found["public.plain"].order == KEY


def rows(session: Connection, relation: Relation) -> list[tuple[str, bytes]]:
    """Ranges with their records."""
    [planned] = plan(session, [relation], Wanted(3, 1 << 20))
    parts = planned.ranges
    return [(str(part), b"".join(batch.records for batch in read(session, relation, part, 1 << 20))) for part in parts]


@pytest.mark.parametrize("name", [f"{schema}.{name}" for schema in ("public", "hidden") for name in CALLS])
def test_ranges_and_bytes_are_those_of_a_table_that_calls_nothing(session: Connection, name: str) -> None:
    plain = relations(session, order="physical")["public.plain"]
    expected = rows(session, plain)
    assert rows(session, relations(session)[name]) == expected
    assert len(expected) == 3
    assert b"public.loc" in expected[0][1]  # under a path with public it would be `loc`


@pytest.mark.parametrize("condition", ["a > 2000", "public.big(a)"])
def test_a_condition_that_an_index_may_serve_selects_the_same_rows(session: Connection, condition: str) -> None:
    selection = Selection.parse(where=[f"hidden.predicate:{condition}", f"public.predicate:{condition}"])
    found = relations(session, selection)
    for schema in ("hidden", "public"):
        held = b"".join(records for _, records in rows(session, found[f"{schema}.predicate"]))
        assert held.count(b"public.loc") == (1000 if condition == "a > 2000" else 2900)


def test_the_path_is_left_when_the_rows_come(session: Connection) -> None:
    relation = relations(session)["public.expression"]
    batches = read(session, relation, KeyRange(CTID), 1 << 10)
    next(batches)
    assert sum(1 for _ in batches) > 1
    assert session.execute("SHOW search_path").fetchone() == ("",)


def test_the_tables_of_a_source_are_the_same_each_time(postgres: PostgresServer, database: str) -> None:
    """The server remembers an index's expressions: a session that has read under a path needs none any more."""
    source = PostgresSource(database_of(postgres, database), Selection(), "snapshot")
    with source.opened() as opened_source:
        first, second = opened_source.tables(), opened_source.tables()
    assert first == second
    assert sum(bool(table.schema["search_path"]) for table in first) == 2 * len(CALLS)


def test_what_is_found_nowhere_is_refused_with_the_way_out(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    database = new_database(postgres)
    lost = TABLE + CALLS["expression"] + BARE.replace("mk_", "nowhere_")
    postgres.sql(
        f"SET check_function_bodies = off; CREATE TABLE loc (); {FUNCTIONS}{lost}".format(s="public", t="t"), database
    )
    words = r"public\.t: a function in.*public: function nowhere.*ALTER FUNCTION"
    with opened(postgres, database) as session, pytest.raises(RefusedError, match=words):
        loaded(session)


def test_tables_that_call_nothing_cost_one_question(scratch: Connection) -> None:
    made(scratch, "CREATE TABLE public.t (i int)", "CREATE INDEX ON public.t (pg_catalog.abs(i)) WHERE i > 0")
    assert find(scratch, []) == []
    assert relations(scratch)["public.t"].search_path == ()
