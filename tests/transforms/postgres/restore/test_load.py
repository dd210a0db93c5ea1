import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database, relations
from tests.transforms.postgres.sessions import opened
from transforms.errors import IntegrityError, RefusedError
from transforms.identity import Table
from transforms.key_range import KeyRange
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.relation import CTID
from transforms.postgres.objects import ledger
from transforms.postgres.ranges import read as read_range
from transforms.postgres.restore.load import Loading, PieceRows, load_pieces
from transforms.postgres.restore.load_plan import BINARY, TEXT, load_plan

OURS = ledger.Restoration("restore-1", "backup-1")
LOADING = Loading(OURS.id)
TABLES = r"""
    CREATE TYPE public.mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN public.short AS varchar(9) CHECK (VALUE <> 'long');
    CREATE TABLE public."Na""tive types" (
        "select" bool, i2 int2, i4 int4, i8 int8 GENERATED ALWAYS AS IDENTITY, f4 float4, f8 float8, b bytea,
        "Täxt" text, c char(5),
        j json, jb jsonb, u uuid, d date, t time, ts timestamp, tz timestamptz, n numeric(12,3), m mood,
        s short, g int GENERATED ALWAYS AS (i2 + 1) STORED);
    INSERT INTO public."Na""tive types" VALUES (true, -1, 2, DEFAULT, 'NaN', '-0', '\x00ff', E'a\tb\n\\.', 'pad',
        '{"a": 1, "a":2}', '{"b": [1]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '0044-03-15 BC', '24:00', 'infinity',
        '2024-02-29 23:59:59.999999+02', '-12.300', 'happy', 'fine');
    INSERT INTO public."Na""tive types" (b) VALUES (NULL);
    CREATE TABLE public.others (o oid, i interval, r int4range[], m money, n numeric, t text);
    INSERT INTO public.others VALUES (7, '-1 mon 2 days', '{"[1,5)",NULL}', -1.5, '1.50', E'\\N');
    INSERT INTO public.others (o) VALUES (NULL);
    CREATE TABLE public.nothing ();
    INSERT INTO public.nothing DEFAULT VALUES; INSERT INTO public.nothing DEFAULT VALUES;
    CREATE TABLE public.by_hash (m mood, i int) PARTITION BY HASH (m);
    CREATE TABLE public.half PARTITION OF public.by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.other_half PARTITION OF public.by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE public.by_range (i int) PARTITION BY RANGE (i);
    CREATE TABLE public.low PARTITION OF public.by_range FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.checked (i int CHECK (i < 5));
    INSERT INTO public.checked VALUES (1), (2);
"""


@dataclass(frozen=True)
class Loaded:
    """A database with tables and a ledger, and the tables' rows as pieces."""

    server: PostgresServer
    database: str
    tables: dict[str, Table]
    records: dict[str, bytes]

    def load(self, name: str, piece: str = "piece:0", records: bytes | None = None) -> bool:
        with opened(self.server, self.database) as connection:
            plan = load_plan(self.tables[name])
            rows = PieceRows(piece, plan, self.records[name] if records is None else records)
            return bool(load_pieces(connection, LOADING, [rows]))

    def rows(self, name: str) -> str:
        return self.server.sql(f"SELECT t::text FROM {name} t ORDER BY 1", self.database)


@pytest.fixture(scope="module")
def made(postgres: PostgresServer) -> Iterator[Loaded]:
    with module_database(postgres) as database:
        postgres.sql(TABLES, database)
        with opened(postgres, database) as connection:
            found = relations(connection, order="physical")
            tables = {
                name: Table(
                    (each.name.schema, each.name.name), each.schema_json(), avro_schema(each.name.name, each.columns)
                )
                for name, each in found.items()
            }
            records = {
                name: b"".join(batch.records for batch in read_range.read(connection, each, KeyRange(CTID), 1 << 20))
                for name, each in found.items()
            }
        yield Loaded(postgres, database, tables, records)


@pytest.fixture
def loaded(made: Loaded) -> Iterator[Loaded]:
    with opened(made.server, made.database) as connection:
        ledger.create(connection, OURS)
    yield made
    made.server.sql("DROP SCHEMA shardkeep_restore CASCADE", made.database)


def test_tables_of_native_types_go_by_binary_copy_and_others_by_text(made: Loaded) -> None:
    plans = {name: load_plan(table) for name, table in made.tables.items()}
    assert {name for name, plan in plans.items() if plan.route == TEXT} == {"public.others"}
    assert plans["public.others"].texts == ("o (oid)", "i (interval)", "r (int4range[])", "m (money)", "n (numeric)")
    native = plans['public."Na""tive types"']
    assert native.route == BINARY
    assert native.statement.decode().startswith('COPY "public"."Na""tive types" ("select", "i2"')
    assert '"g"' not in native.statement.decode()


@pytest.mark.parametrize("name", ['public."Na""tive types"', "public.others", "public.checked"])
def test_rows_come_back_as_they_were(loaded: Loaded, name: str) -> None:
    before = loaded.rows(name)
    loaded.server.sql(f"TRUNCATE {name}", loaded.database)
    assert loaded.load(name)
    assert loaded.rows(name) == before
    assert before


def test_rows_without_columns_are_counted(loaded: Loaded) -> None:
    assert loaded.load("public.nothing")
    assert loaded.server.sql("SELECT count(*) FROM public.nothing; TRUNCATE public.nothing", loaded.database) == "4"
    loaded.server.sql(
        "INSERT INTO public.nothing DEFAULT VALUES; INSERT INTO public.nothing DEFAULT VALUES", loaded.database
    )


def test_leaves_of_hash_partitions_go_through_the_root_and_others_do_not(made: Loaded) -> None:
    into = {name: str(load_plan(made.tables[name]).into) for name in ("public.half", "public.other_half", "public.low")}
    assert into == {"public.half": "public.by_hash", "public.other_half": "public.by_hash", "public.low": "public.low"}


def test_a_row_of_another_hash_finds_its_leaf(loaded: Loaded) -> None:
    loaded.server.sql("INSERT INTO public.by_hash SELECT 'happy', i FROM generate_series(1, 3) i", loaded.database)
    with opened(loaded.server, loaded.database) as connection:
        leaves = relations(connection, order="physical")
        names = [n for n in ("public.half", "public.other_half") if loaded.rows(n)]
        batches = list(read_range.read(connection, leaves[names[0]], KeyRange(CTID), 1 << 20))
    other = {"public.half": "public.other_half", "public.other_half": "public.half"}[names[0]]
    loaded.server.sql("TRUNCATE public.by_hash", loaded.database)
    assert loaded.load(other, records=batches[0].records)  # as if the enum had other oids in the source
    assert loaded.server.sql("SELECT count(*) FROM public.by_hash", loaded.database) == "3"
    assert loaded.rows(other) == ""


def test_a_piece_that_is_loaded_twice_is_there_once(loaded: Loaded) -> None:
    before = loaded.rows("public.checked")
    loaded.server.sql("TRUNCATE public.checked", loaded.database)
    assert loaded.load("public.checked", "shard:0")
    assert not loaded.load("public.checked", "shard:0")
    assert loaded.rows("public.checked") == before
    assert loaded.load("public.checked", "shard:1")
    assert len(loaded.rows("public.checked").splitlines()) == 2 * len(before.splitlines())
    loaded.server.sql("TRUNCATE public.checked; INSERT INTO public.checked VALUES (1), (2)", loaded.database)


def test_two_that_load_the_same_piece_at_once_load_it_once(loaded: Loaded) -> None:
    loaded.server.sql("TRUNCATE public.checked", loaded.database)
    done = list[bool]()
    threads = [threading.Thread(target=lambda: done.append(loaded.load("public.checked", "same:0"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [False] * 5 + [True]
    assert loaded.rows("public.checked").splitlines() == ["(1)", "(2)"]


def test_a_row_that_breaks_a_check_is_refused_and_nothing_of_its_piece_stays(loaded: Loaded) -> None:
    loaded.server.sql(
        "TRUNCATE public.checked; ALTER TABLE public.checked ADD CONSTRAINT one CHECK (i < 2)", loaded.database
    )
    with pytest.raises(RefusedError, match=r'table public\.checked, piece bad:0, by binary COPY: .*"one".*line 2'):
        loaded.load("public.checked", "bad:0")
    assert loaded.rows("public.checked") == ""
    loaded.server.sql("ALTER TABLE public.checked DROP CONSTRAINT one", loaded.database)
    assert loaded.load("public.checked", "bad:0")
    assert loaded.rows("public.checked").splitlines() == ["(1)", "(2)"]


def test_a_check_whose_function_names_no_schema_is_told(loaded: Loaded) -> None:
    loaded.server.sql(
        "CREATE TABLE public.allowed (i int); CREATE FUNCTION public.is_allowed(i int) RETURNS bool LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM 1 FROM allowed; RETURN true; END'; ALTER TABLE public.checked ADD CONSTRAINT unqualified"
        " CHECK (public.is_allowed(i)) NOT VALID",
        loaded.database,
    )
    try:
        with pytest.raises(
            RefusedError, match=r'relation "allowed" does not exist.*must name things with their schema'
        ):
            loaded.load("public.checked", "fn:0")
    finally:
        loaded.server.sql("ALTER TABLE public.checked DROP CONSTRAINT unqualified", loaded.database)


def test_bytes_that_are_no_records_reach_no_server(loaded: Loaded) -> None:
    before = loaded.rows("public.checked")
    with pytest.raises(IntegrityError):
        loaded.load("public.checked", "torn:0", loaded.records["public.checked"][:-1])
    assert loaded.rows("public.checked") == before
    assert loaded.server.sql("SELECT count(*) FROM shardkeep_restore.piece", loaded.database) == "0"


def test_pages_of_large_objects_are_loaded_once(loaded: Loaded) -> None:
    records = page(4711, 0, b"hello")
    with opened(loaded.server, loaded.database) as connection:
        assert load_pieces(connection, LOADING, [PieceRows("lo:0", None, records)])
        assert not load_pieces(connection, LOADING, [PieceRows("lo:0", None, page(4711, 0, b"other"))])
    assert loaded.server.sql("SELECT convert_from(lo_get(4711), 'UTF8'), lo_unlink(4711)", loaded.database) == "hello|1"


def page(loid: int, number: int, data: bytes) -> bytes:
    return b"".join(b"\x02" + part for part in (varint(loid), varint(number), varint(len(data)) + data))


def varint(value: int) -> bytes:
    zigzag, out = value << 1, bytearray()
    while zigzag > 127:
        out.append(zigzag & 127 | 128)
        zigzag >>= 7
    return bytes([*out, zigzag])
