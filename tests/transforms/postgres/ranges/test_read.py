"""Rows of ranges as batches, read from real servers."""

import io
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, cast

import fastavro
import pytest
from psycopg import sql

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database, relation, relations
from tests.transforms.postgres.sessions import opened
from transforms.batch import Batch
from transforms.errors import IntegrityError, NotFoundError, RefusedError, UnreachableError
from transforms.key_range import KeyRange
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.relation import CTID, Relation
from transforms.postgres.codec.column import Form
from transforms.postgres.codec.copy_transcoder import CopyTranscoder
from transforms.postgres.moment.moment import BEGIN
from transforms.postgres.names.selection import Selection
from transforms.postgres.ranges.read import read, read_copy
from transforms.postgres.ranges.split import plan
from transforms.postgres.server.session import Connection
from transforms.record_digest import sum_of_hashes
from transforms.source import Wanted

TABLES = """
    CREATE TABLE public.mixed (a int, b text, c interval, d numeric(8,2), "case" timestamptz, PRIMARY KEY (b, a));
    INSERT INTO public.mixed SELECT n * 7919 % 5003, 'x' || n % 10, n * interval '1 min', n / 100.0,
        'epoch'::timestamptz + n * interval '1 h' FROM generate_series(1, 3000) n;
    CREATE TABLE public.heap (a int, b text);
    INSERT INTO public.heap SELECT n, repeat('y', n % 90) FROM generate_series(1, 3000) n;
    DELETE FROM public.heap WHERE a % 3 = 0;
    CREATE INDEX heap_a ON public.heap (a DESC);
    CREATE TABLE public.nothing (a int PRIMARY KEY);
    CREATE TABLE public.presence (); INSERT INTO public.presence SELECT FROM generate_series(1, 500);
    CREATE TABLE public.parent (a int PRIMARY KEY); INSERT INTO public.parent VALUES (1), (2);
    CREATE TABLE public.child () INHERITS (public.parent); INSERT INTO public.child VALUES (1), (3), (4);
"""


def planned(connection: Connection, table: Relation, wanted: Wanted) -> list[KeyRange]:
    [found] = plan(connection, [table], wanted)
    return list(found.ranges)


@pytest.fixture(scope="module")
def place(postgres: PostgresServer) -> Iterator[tuple[PostgresServer, str]]:
    with module_database(postgres) as name:
        postgres.sql(TABLES, name)
        postgres.sql("VACUUM ANALYZE", name)
        yield postgres, name


@pytest.fixture
def connection(place: tuple[PostgresServer, str]) -> Iterator[Connection]:
    with opened(*place) as session:
        session.execute(BEGIN)
        yield session


def decoded(table: Relation, batches: list[Batch]) -> list[dict[str, Any]]:
    schema = fastavro.parse_schema(json.loads(avro_schema(table.name.name, table.columns)))
    data = io.BytesIO(b"".join(batch.records for batch in batches))
    return [
        cast(dict[str, Any], fastavro.schemaless_reader(data, schema)) for batch in batches for _ in range(batch.rows)
    ]


def values(connection: Connection, query: bytes) -> list[object]:
    return [row[0] for row in connection.execute(query)]


@pytest.mark.parametrize("chunk_size", [1, 500, 1 << 20])
@pytest.mark.parametrize("order", ["key", "physical"])
def test_the_rows_of_a_table_are_those_that_a_query_finds_in_that_order(
    connection: Connection, order: str, chunk_size: int
) -> None:
    table = relation(connection, "public.mixed", order)
    batches = list(read(connection, table, KeyRange(table.space), chunk_size))
    wanted = (
        b"SELECT a FROM public.mixed ORDER BY b, a" if order == "key" else b"SELECT a FROM public.mixed ORDER BY ctid"
    )
    assert [row["a"] for row in decoded(table, batches)] == values(connection, wanted)
    assert all(len(batch.record_ends) == batch.rows for batch in batches)
    assert connection.info.transaction_status.name == "INTRANS"  # the session may go on


def test_a_batch_ends_with_the_row_that_fills_it(connection: Connection) -> None:
    table = relation(connection, "public.heap", "physical")
    batches = list(read(connection, table, KeyRange(CTID), 1000))
    assert len(batches) > 50
    for batch in batches[:-1]:
        assert len(batch.records) >= 1000
        assert len(batch.records) - (batch.record_ends[-1] - batch.record_ends[-2]) < 1000


def test_ends_of_batches_are_the_keys_of_their_first_and_last_rows(connection: Connection) -> None:
    table = relation(connection, "public.mixed", "key")
    (first,) = read(connection, table, KeyRange(), 1 << 30)
    row = connection.execute("SELECT b, a FROM public.mixed ORDER BY b, a LIMIT 1").fetchone()
    assert row is not None
    assert first.first_key == f'["{row[0]}","{row[1]}"]'.encode()
    table = relation(connection, "public.heap", "physical")
    batches = list(read(connection, table, KeyRange(CTID), 1000))
    assert [batch.first_key.decode() for batch in batches][:1] == values(
        connection, b"SELECT min(ctid)::text FROM public.heap"
    )
    assert batches[-1].last_key.decode() == values(connection, b"SELECT max(ctid)::text FROM public.heap")[0]


@pytest.mark.parametrize("name", ["public.mixed", "public.heap"])
def test_a_batch_is_the_range_from_its_first_key_to_the_next_batch(connection: Connection, name: str) -> None:
    table = relation(connection, name)
    whole = list(read(connection, table, KeyRange(table.space), 4000))
    for one, other in pairwise(whole):
        again = list(read(connection, table, KeyRange(table.space, one.first_key, other.first_key), 1 << 20))
        assert b"".join(batch.records for batch in again) == one.records


@pytest.mark.parametrize("order", ["key", "physical"])
def test_through_any_number_of_ranges_the_table_has_the_same_digest(connection: Connection, order: str) -> None:
    for table in relations(connection, order=order).values():
        digests = set()
        for wanted in (1, 2, 31):
            found = planned(connection, table, Wanted(wanted, 1))
            batches = [batch for each in found for batch in read(connection, table, each, 777)]
            digests.add((sum(batch.rows for batch in batches), sum(map(Batch.hash_sum, batches)) % 2**128))
        (digest,) = digests
        count = sql.SQL("SELECT count(*) FROM ONLY {}").format(table.name.sql())
        assert connection.execute(count).fetchone() == (digest[0],)


def test_empty_ranges_and_tables_have_no_batch(connection: Connection) -> None:
    table = relation(connection, "public.nothing")
    assert list(read(connection, table, KeyRange(), 100)) == []
    heap = relation(connection, "public.heap", "physical")
    assert list(read(connection, heap, KeyRange(CTID, b"(100000,0)"), 100)) == []


def test_a_condition_is_applied_and_never_changes_the_physical_order(connection: Connection) -> None:
    """An index on the condition's column would send rows in another order than the file's."""
    selection = Selection.parse(where=["public.heap:a < 20"])
    table = relations(connection, selection)["public.heap"]
    assert table.order == CTID
    rows = decoded(table, list(read(connection, table, KeyRange(CTID), 1 << 20)))
    assert [row["a"] for row in rows] == [n for n in range(1, 20) if n % 3]


def test_rows_that_change_meanwhile_are_read_as_they_were(place: tuple[PostgresServer, str]) -> None:
    server, name = place
    server.sql(
        "CREATE TABLE public.busy (a int PRIMARY KEY, b int); INSERT INTO public.busy SELECT n, 0"
        " FROM generate_series(1, 2000) n",
        name,
    )
    with opened(server, name) as reader, opened(server, name) as writer:
        for order in ("key", "physical"):
            reader.execute(BEGIN)
            table = relation(reader, "public.busy", order)
            before = reader.execute("SELECT count(*), sum(b) FROM public.busy").fetchone()
            rows = list[dict[str, Any]]()
            for each in planned(reader, table, Wanted(7, 1)):
                writer.execute("UPDATE public.busy SET b = b + 1")
                writer.execute("DELETE FROM public.busy WHERE a % 50 = 1")
                writer.execute("INSERT INTO public.busy SELECT max(a) + 1, 0 FROM public.busy")
                rows += decoded(table, list(read(reader, table, each, 1 << 12)))
            reader.execute("ROLLBACK")
            assert (len(rows), sum(row["b"] for row in rows)) == before
    server.sql("DROP TABLE public.busy", name)


def test_a_table_of_1600_columns_and_a_value_of_many_chunks_are_read(connection: Connection) -> None:
    connection.execute("ROLLBACK")
    connection.execute("BEGIN")
    columns = ", ".join(f'"Column {number}" int' for number in range(1600))
    connection.execute(f"CREATE TABLE public.wide ({columns})".encode())
    connection.execute("INSERT INTO public.wide DEFAULT VALUES")
    connection.execute(
        "CREATE TABLE public.long AS SELECT n, repeat('z', n * 3000000) AS s FROM generate_series(1, 2) n"
    )
    wide, long = relation(connection, "public.wide"), relation(connection, "public.long")
    (batch,) = read(connection, wide, KeyRange(CTID), 1)
    assert (batch.rows, batch.records) == (1, b"\0" * 1600)
    assert [len(batch.records) > 3_000_000 for batch in read(connection, long, KeyRange(CTID), 1 << 16)] == [True, True]


def test_a_read_that_is_left_cancels_its_query_and_closes_the_session(
    connection: Connection, place: tuple[PostgresServer, str]
) -> None:
    pid = connection.info.backend_pid
    transcoder = CopyTranscoder(bytes([Form.INT4, 0, 0]), (0,))
    statement = sql.SQL("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT (FORMAT binary)")
    batches = read_copy(connection, statement, transcoder, lambda fields: b"", 100, "reading")
    assert next(batches).rows > 10
    batches.close()
    assert connection.closed
    with opened(*place) as other:
        gone = b"SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = %d AND state = 'active'" % pid
        while values(other, gone):  # until the server has seen it
            pass


def failing(query: str, doing: str = "reading t") -> Callable[[Connection], list[Batch]]:
    statement = sql.SQL(f"COPY ({query}) TO STDOUT (FORMAT binary)")
    return lambda connection: list(
        read_copy(connection, statement, CopyTranscoder(bytes([Form.INT4, 0, 0]), (0,)), lambda fields: b"", 100, doing)
    )


@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        ("SELECT 1 / (500 - n) FROM generate_series(1, 1000) n", RefusedError, "division by zero"),
        ("SELECT 1 FROM public.gone", NotFoundError, 'relation "public.gone" does not exist'),
        ("SELECT 1, 2", IntegrityError, "field"),
        ("SELECT 1::int8", IntegrityError, "COPY"),
    ],
)
def test_an_error_of_the_server_s_or_of_its_messages_is_ours(
    connection: Connection, query: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        failing(query)(connection)
    assert connection.closed


def test_a_second_statement_is_never_run(connection: Connection) -> None:
    with pytest.raises(Exception, match="cannot insert multiple commands"):
        failing("SELECT 1) TO STDOUT; DROP TABLE public.heap; COPY (SELECT 1")(connection)


def test_a_session_that_the_server_ends_is_unreachable(
    connection: Connection, place: tuple[PostgresServer, str]
) -> None:
    statement = sql.SQL("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT (FORMAT binary)")
    transcoder = CopyTranscoder(bytes([Form.INT4, 0, 0]), (0,))
    batches = read_copy(connection, statement, transcoder, lambda fields: b"", 100, "reading public.t")
    next(batches)
    with opened(*place) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(UnreachableError, match=r"^reading public\.t: "):
        list(batches)


def test_rows_are_read_from_the_table_itself_and_not_from_its_heirs(connection: Connection) -> None:
    found = relations(connection, Selection.parse(table="public.parent,public.child"))
    rows = {
        name: [row["a"] for row in decoded(table, list(read(connection, table, KeyRange(table.space), 100)))]
        for name, table in found.items()
    }
    assert rows == {"public.parent": [1, 2], "public.child": [1, 3, 4]}


def test_the_sum_of_hashes_is_that_of_the_records(connection: Connection) -> None:
    table = relation(connection, "public.presence")
    (batch,) = read(connection, table, KeyRange(CTID), 1 << 20)
    assert (batch.rows, batch.records) == (500, b"\1" * 500)
    assert batch.hash_sum() == sum_of_hashes(b"\1", batch.record_ends[:1]) * 500 % 2**128
