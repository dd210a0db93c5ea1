"""Every row of a table is in exactly one of its ranges, as the server itself counts them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database, relation, relations, undone
from transforms.key_range import KeyRange, check_tiling
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.names.selection import Selection
from transforms.postgres.ranges.by_key import key_ranges
from transforms.postgres.ranges.query import where_clause
from transforms.postgres.ranges.split import ctid_ranges, plan, wanted_ranges
from transforms.postgres.server.session import Connection
from transforms.source import Wanted

WORDS = "('Äpfel'), ('apfel'), ('Apfel'), ('zebra'), ('Zebra'), ('ärger'), ('ß'), ('ss'), (''), (' '), ('a b'), ('ab')"

# Columns of a table with its key, and what fills it.
TABLES = {
    "an integer": ("k int PRIMARY KEY", "SELECT n FROM public.numbers"),
    "negative and far apart": (
        "k bigint PRIMARY KEY",
        "SELECT CASE WHEN n % 2 = 0 THEN n ELSE -9223372036854775808 + n END FROM public.numbers",
    ),
    "heavy skew": (
        "k bigint PRIMARY KEY",
        "SELECT CASE WHEN n < 900 THEN n ELSE n * 1000000000000 END FROM public.numbers",
    ),
    "text in C": (
        'k text COLLATE "C" PRIMARY KEY',
        "SELECT * FROM public.words UNION SELECT 'w' || n FROM public.numbers",
    ),
    "text in the default collation": ("k text PRIMARY KEY", "SELECT DISTINCT md5(n::text) FROM public.numbers"),
    "padded text": ("k char(6) PRIMARY KEY", "SELECT n::text FROM public.numbers"),
    "a uuid": ("k uuid PRIMARY KEY", "SELECT md5(n::text)::uuid FROM public.numbers"),
    "a timestamp with a zone": (
        "k timestamptz PRIMARY KEY",
        "SELECT 'epoch'::timestamptz + n * n * interval '1.000001 second' FROM public.numbers"
        " UNION SELECT unnest(ARRAY['infinity', '-infinity', '0044-03-15 10:00:00+00 BC']::timestamptz[])",
    ),
    "a numeric with NaN": (
        "k numeric PRIMARY KEY",
        "SELECT n / 7.0 FROM public.numbers UNION SELECT unnest(ARRAY['NaN', '1e200', '-1e-200', '0']::numeric[])",
    ),
    "a decimal": ("k numeric(9,3) PRIMARY KEY", "SELECT n / 7.0 FROM public.numbers UNION SELECT 'NaN'"),
    "floats with NaN": (
        "k float8 PRIMARY KEY",
        "SELECT sqrt(n) FROM public.numbers UNION SELECT unnest(ARRAY['NaN', '-Infinity', 'Infinity', '-0']::float8[])",
    ),
    "single floats": ("k real PRIMARY KEY", "SELECT DISTINCT sqrt(n)::real FROM public.numbers"),
    "bytes": ("k bytea PRIMARY KEY", "SELECT decode(md5(n::text), 'hex') FROM public.numbers UNION SELECT ''"),
    "an interval": ("k interval PRIMARY KEY", "SELECT make_interval(months => n % 50, hours => n) FROM public.numbers"),
    "an address": ("k inet PRIMARY KEY", "SELECT '10.0.0.0'::inet + n FROM public.numbers UNION SELECT '10.0.0.0/8'"),
    "an array": ("k int[] PRIMARY KEY", "SELECT ARRAY[n % 10, n, NULL] FROM public.numbers"),
    "jsonb": ("k jsonb PRIMARY KEY", "SELECT jsonb_build_object('a', n, 'b', '\\\"''') FROM public.numbers"),
    "an enum": ("k public.mood PRIMARY KEY", "SELECT unnest(enum_range(NULL::public.mood))"),
    "a domain": ("k public.positive PRIMARY KEY", "SELECT n FROM public.numbers"),
    "a row": ("k public.pair PRIMARY KEY", "SELECT ROW(n, 'a\"(' || n)::public.pair FROM public.numbers"),
    "columns together": (
        "a int, b text, c uuid, PRIMARY KEY (b, a, c)",
        "SELECT n % 7, 'x' || n % 3, md5(n::text)::uuid FROM public.numbers",
    ),
    "columns of which the first is always the same": (
        "a int, b int, PRIMARY KEY (a, b)",
        "SELECT 1, n FROM public.numbers",
    ),
    "descending": ("k int NOT NULL, UNIQUE (k)", "SELECT -n FROM public.numbers"),
    "few rows": ("k int PRIMARY KEY", "SELECT generate_series(1, 3)"),
    "one row": ("k int PRIMARY KEY", "SELECT 1"),
    "no rows": ("k int PRIMARY KEY", "SELECT 1 WHERE false"),
    "no key": ("a int", "SELECT n FROM public.numbers"),
    "no columns": ("", "SELECT FROM public.numbers"),
    "names that are words of SQL": (
        '"case" int, "order" interval, "select" text, PRIMARY KEY ("order", "case")',
        "SELECT n % 5, n * interval '1 day', '' FROM public.numbers",
    ),
}
# Of a server with ICU alone.
ICU_TABLES = {
    "text in English": ('k text COLLATE "en-US-x-icu" PRIMARY KEY', "SELECT * FROM public.words"),
    "text without regard to case": (
        "k text COLLATE public.no_case PRIMARY KEY",
        "VALUES ('a'), ('B'), ('c'), ('ö'), ('z')",
    ),
    "text without regard to accents": (
        "a text COLLATE public.no_case, b int, PRIMARY KEY (a, b)",
        "SELECT CASE n % 3 WHEN 0 THEN 'resume' WHEN 1 THEN 'Résumé' ELSE 'RESUME' END, n FROM public.numbers",
    ),
    "an extension's text": (
        "k ext.citext PRIMARY KEY",
        "SELECT chr(65 + n % 26) || chr(97 + n / 26) FROM public.numbers",
    ),
}
VIEWS = "CREATE VIEW public.numbers AS SELECT * FROM generate_series(1, 997) n;"
VIEWS += f" CREATE VIEW public.words AS VALUES {WORDS};"
OBJECTS = """
    CREATE TYPE public.mood AS ENUM ('z', 'a', 'it''s', 'b');
    CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
    CREATE TYPE public.pair AS (a int, b text);
"""
ICU_OBJECTS = """
    CREATE COLLATION public.no_case (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
    CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
"""
CASES = [(name, columns, rows) for name, (columns, rows) in TABLES.items()]
ICU_CASES = [(name, columns, rows) for name, (columns, rows) in ICU_TABLES.items()]


def planned(connection: Connection, table: Relation, wanted: Wanted) -> list[KeyRange]:
    [found] = plan(connection, [table], wanted)
    return list(found.ranges)


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[Connection]:
    """A session with all tables, by their places in `CASES`, behind them those that need ICU where there is some."""
    cases = CASES + (ICU_CASES if has_icu(postgres) else [])
    with module_database(postgres) as name, undone(postgres, name) as session:
        session.execute((VIEWS + OBJECTS + (ICU_OBJECTS if has_icu(postgres) else "")).encode())
        for place, (_, columns, rows) in enumerate(cases):
            session.execute(f"CREATE TABLE public.t{place} ({columns}); INSERT INTO public.t{place} {rows}".encode())
        session.execute("ANALYZE")
        yield session


@pytest.fixture(scope="module")
def tables(connection: Connection) -> dict[str, Relation]:
    """Each table by the name of its case."""
    found = relations(connection)
    return {
        name: found[f"public.t{place}"]
        for place, (name, _, _) in enumerate(CASES + ICU_CASES[: len(found) - len(CASES)])
    }


def has_icu(server: PostgresServer) -> bool:
    return server.binaries.major == 15


def count(connection: Connection, table: Relation, key_range: KeyRange) -> int:
    query = sql.SQL("SELECT count(*) FROM ONLY {}{}").format(table.name.sql(), where_clause(table, key_range))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def check(connection: Connection, table: Relation, found: Sequence[KeyRange]) -> list[int]:
    """Check that the ranges tile and that each row is in one; returns how many are in each.

    Counts add up to all rows, and no row is in two: two ranges that overlap would have more together than in either.
    """
    whole = KeyRange(table.space)
    check_tiling(found, whole, str(table.name))
    counts = [count(connection, table, each) for each in found]
    assert sum(counts) == count(connection, table, whole)
    for place, (one, other) in enumerate(pairwise(found)):
        assert count(connection, table, replace(one, end=other.end)) == sum(counts[place : place + 2])
    return counts


@pytest.mark.parametrize("wanted", [1, 2, 31])
@pytest.mark.parametrize("name", [name for name, _, _ in CASES])
def test_every_row_is_in_one_range(connection: Connection, tables: dict[str, Relation], name: str, wanted: int) -> None:
    table = tables[name]
    assert (table.key is None) == (name in ("no key", "no columns"))
    found = planned(connection, table, Wanted(wanted, 1))
    counts = check(connection, table, found)
    assert len(found) <= wanted
    if table.order == "key":
        assert len(found) == min(wanted, max(1, sum(counts)))
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("wanted", [2, 31])
@pytest.mark.parametrize("name", ICU_TABLES)
def test_every_row_is_in_one_range_of_a_collation_of_icu(
    connection: Connection, tables: dict[str, Relation], name: str, wanted: int
) -> None:
    if name not in tables:
        assert "text in English" not in tables
        return
    assert tables[name].order == "key"
    assert min(check(connection, tables[name], planned(connection, tables[name], Wanted(wanted, 1)))) > 0


@given(data=st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_in_one_range_of_any_keys(connection: Connection, data: st.DataObject) -> None:
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
    rows = data.draw(st.sets(st.tuples(text, st.integers(-3, 3)), max_size=20))
    wanted = data.draw(st.integers(1, 12))
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.drawn (a text, b int, PRIMARY KEY (a, b))")
        connection.cursor().executemany("INSERT INTO public.drawn VALUES (%s, %s)", list(rows))
        table = relation(connection, "public.drawn")
        found = planned(connection, table, Wanted(wanted, 1))
        assert sum(check(connection, table, found)) == len(rows)
        assert len(found) == max(1, min(wanted, len(rows)))


def test_physical_ranges_are_runs_of_blocks(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.wide (k int PRIMARY KEY, s text) WITH (fillfactor = 10)")
        connection.execute("INSERT INTO public.wide SELECT n, repeat('x', 500) FROM generate_series(1, 300) n")
        connection.execute("DELETE FROM public.wide WHERE k BETWEEN 50 AND 120")
        table = relation(connection, "public.wide", "physical")
        found = planned(connection, table, Wanted(7, 1))
        assert len(found) == 7
        assert max(check(connection, table, found)) < 80


def test_a_sample_of_a_large_table_is_enough_and_always_the_same(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.postgres.ranges.by_key.PAGES_PER_RANGE", 4)
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.large (k uuid PRIMARY KEY, s text)")
        connection.execute(
            "INSERT INTO public.large SELECT md5(n::text)::uuid, repeat('x', 200) FROM generate_series(1, 20000) n"
        )
        table = relation(connection, "public.large", "key")
        assert table.pages > 500
        found = key_ranges(connection, table, 10, table.pages)
        assert found == key_ranges(connection, table, 10, table.pages)
        counts = check(connection, table, found)
    assert len(counts) == 10
    assert min(counts) > 1000
    assert max(counts) < 4000


def test_a_condition_counts_in_the_choice_of_boundaries(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.few (k int PRIMARY KEY)")
        connection.execute("INSERT INTO public.few SELECT generate_series(1, 1000)")
        selection = Selection.parse(where=["public.few:k > 990 -- the last ones"])
        table = relations(connection, selection)["public.few"]
        assert check(connection, table, planned(connection, table, Wanted(5, 1))) == [2] * 5


def test_a_type_whose_text_is_not_its_value_is_not_cut(connection: Connection) -> None:
    """A key whose boundaries do not ascend when they come back as texts has one range."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.lossy (k float8 PRIMARY KEY)")
        connection.execute("INSERT INTO public.lossy SELECT 1 + n * 1e-12 FROM generate_series(1, 50) n")
        table = relation(connection, "public.lossy")
        assert len(planned(connection, table, Wanted(5, 1))) == 5
        connection.execute("SET LOCAL extra_float_digits = -5")
        assert planned(connection, table, Wanted(5, 1)) == [KeyRange()]


def test_a_table_that_may_not_be_cut_has_one_range(connection: Connection, tables: dict[str, Relation]) -> None:
    table = replace(tables["no key"], is_divisible=False)
    assert planned(connection, table, Wanted(5, 1)) == [KeyRange("ctid")]


def test_many_boundaries_are_compared_in_parts(connection: Connection, tables: dict[str, Relation]) -> None:
    found = planned(connection, tables["columns together"], Wanted(997, 1))
    assert len(found) == 997
    check_tiling(found, KeyRange(), "t")


def test_ranges_of_blocks_are_never_empty_and_the_last_is_open() -> None:
    assert ctid_ranges(3, 9) == [
        KeyRange("ctid", b"", b"(3,0)"),
        KeyRange("ctid", b"(3,0)", b"(6,0)"),
        KeyRange("ctid", b"(6,0)", b""),
    ]
    assert len(ctid_ranges(100, 7)) == 7
    assert ctid_ranges(5, 0) == ctid_ranges(1, 100) == [KeyRange("ctid")]


@pytest.mark.parametrize(
    ("size", "count"),
    [(0, 1), (1 << 20, 1), (64 << 20, 4), (1 << 30, 64), (1 << 40, 4096)],
)
def test_a_large_table_has_many_ranges_and_shards_of_the_wanted_size(size: int, count: int) -> None:
    assert wanted_ranges(size, shard_size=1 << 28) == count
