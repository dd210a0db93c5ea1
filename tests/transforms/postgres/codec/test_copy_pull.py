"""Rows taken straight from the libpq of psycopg's connections to real servers."""

import importlib
import struct
from array import array
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from select import select
from typing import Any

import psycopg
import pytest
from psycopg.pq import ExecStatus

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.copy_stream import column, connected, decoded, messages
from transforms.errors import IntegrityError, UnreachableError
from transforms.postgres.catalog.column_form import PRESENCE
from transforms.postgres.codec import libpq
from transforms.postgres.codec.column import Form, program
from transforms.postgres.codec.copy_pull import ENDED, FAILED, FULL, WAIT, pull
from transforms.postgres.codec.copy_transcoder import CopyTranscoder

MIXED = [
    column(Form.INT8, "id"), column(Form.TEXT, "name"), column(Form.TIMESTAMPTZ, "at"), column(Form.DATE, "day"),
    column(Form.NUMERIC, "price", 12, 2), column(Form.UUID, "token"), column(Form.FLOAT8, "ratio"),
]  # fmt: skip
ROWS = """
    SELECT i::int8, repeat('name ' || i, i % 7),
           CASE WHEN i % 5 > 0 THEN 'epoch'::timestamptz + i * interval '9 days' END,
           CASE WHEN i % 7 = 0 THEN 'infinity' ELSE '2000-01-01'::date + i END, (i * 0.25)::numeric(12, 2),
           md5(i::text)::uuid, i / 7.0::float8
    FROM generate_series(1, 20000) AS i
"""


@dataclass
class Drained:
    """What came of one COPY."""

    takes: list[tuple[int, bytes, "array[int]", tuple[bytes | None, ...], tuple[bytes | None, ...]]] = field(
        default_factory=list
    )
    said: list[int] = field(default_factory=list)
    result: Any = None

    @property
    def records(self) -> bytes:
        return b"".join(take[1] for take in self.takes)


def drain(server: PostgresServer, query: str, transcoder: CopyTranscoder, limit: int = 1 << 20) -> Drained:
    """Run a COPY to its end, as a reader does."""
    drained = Drained()
    with closing(connected(server)) as connection:
        pgconn = connection.pgconn
        pgconn.send_query(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode())
        assert getattr(pgconn.get_result(), "status", None) == ExecStatus.COPY_OUT
        while not drained.said or drained.said[-1] >= 0:
            step(connection, transcoder, limit, drained)
        drained.result = pgconn.get_result()
    return drained


def step(connection: "psycopg.Connection[Any]", transcoder: CopyTranscoder, limit: int, drained: Drained) -> None:
    drained.said.append(pull(transcoder, getattr(connection.pgconn, "pgconn_ptr", 0), limit))
    if drained.said[-1] == WAIT:
        select([connection.pgconn.socket], [], [])
        connection.pgconn.consume_input()
    elif transcoder.rows:
        drained.takes.append(transcoder.take())


@pytest.mark.parametrize("limit", [1, 1 << 30])
def test_pull_makes_the_records_of_feed(postgres: PostgresServer, limit: int) -> None:
    fed = CopyTranscoder(program(MIXED))
    for message in messages(postgres, ROWS):
        fed.feed(message)
    pulled = CopyTranscoder(program(MIXED))
    drained = drain(postgres, ROWS, pulled, limit)
    assert drained.records == fed.take()[1]
    assert drained.result.status == ExecStatus.COMMAND_OK
    assert sum(take[0] for take in drained.takes) == pulled.total_rows == 20_000
    assert len(drained.takes) == {1: 20_000, 1 << 30: 1}[limit]


def test_records_end_where_it_is_said_and_limits_are_kept(postgres18: PostgresServer) -> None:
    drained = drain(postgres18, ROWS, CopyTranscoder(program(MIXED)), 5000)
    for rows, records, ends, _, _ in drained.takes:
        assert len(ends) == rows
        assert ends[-1] == len(records)
        for start, end in pairwise([0, *ends]):
            assert len(decoded(MIXED, records[start:end])) == 1
    for rows, _, ends, _, _ in drained.takes[:-1]:
        assert rows == 1 or ends[-2] < 5000 <= ends[-1]


def test_keys_are_the_raw_fields_of_the_first_and_last_row(postgres18: PostgresServer) -> None:
    columns = [column(Form.TEXT, "a"), column(Form.INT4, "b"), column(Form.BOOL, "d")]
    query = "SELECT 'name ' || i, CASE WHEN i < 9 THEN i END, true FROM generate_series(1, 9) AS i"
    drained = drain(postgres18, query, CopyTranscoder(program(columns), keys=[1, 0]), 40)
    keys = [take[3:] for take in drained.takes]
    assert keys[0][0] == (struct.pack(">i", 1), b"name 1")
    assert keys[-1][1] == (None, b"name 9")
    assert all(int((after[0][1] or b"")[5:]) == int((before[1][1] or b"")[5:]) + 1 for before, after in pairwise(keys))


def test_a_ctid_is_a_key_and_no_field(postgres: PostgresServer) -> None:
    columns = [column(Form.TEXT)]
    query = "SELECT ctid, repeat('x', 3000) FROM pg_class"
    drained = drain(postgres, query, CopyTranscoder(program(columns), ctid=True), 10_000)
    assert {len(row["c"]) for row in decoded(columns, drained.records)} == {3000}
    tids = [(key,) if isinstance(key, bytes) else key for take in drained.takes for key in take[3:]]
    assert [len(tid) for tid in tids] == [1] * len(tids)
    numbers = [struct.unpack(">IH", tid[0] or b"") for tid in tids]
    assert numbers == sorted(numbers)


def test_rows_out_of_the_order_of_ctid_are_no_plain_scan(postgres18: PostgresServer) -> None:
    transcoder = CopyTranscoder(program([column(Form.INT4)]), ctid=True)
    query = "SELECT ctid, 1 FROM pg_class ORDER BY ctid DESC"
    with pytest.raises(IntegrityError, match=r"row 2: rows did not come in ascending order of ctid"):
        drain(postgres18, query, transcoder)


def test_no_rows_are_nothing(postgres: PostgresServer) -> None:
    transcoder = CopyTranscoder(program(MIXED), keys=[0])
    drained = drain(postgres, f"{ROWS} WHERE false", transcoder)
    assert (drained.said[-1], drained.takes, drained.result.status) == (ENDED, [], ExecStatus.COMMAND_OK)
    assert transcoder.take() == (0, b"", array("Q"), (), ())


def test_rows_without_columns_are_counted_by_their_one_field(postgres: PostgresServer) -> None:
    drained = drain(postgres, "SELECT FROM generate_series(1, 3)", CopyTranscoder(program([PRESENCE])))
    assert decoded([PRESENCE], drained.records) == [{"_xrow": True}] * 3


def test_a_row_of_1600_columns_comes_through(postgres18: PostgresServer) -> None:
    columns = [column(Form.INT4, f"c{i}") for i in range(1600)]
    query = "SELECT " + ", ".join(str(i) for i in range(1600))
    drained = drain(postgres18, query, CopyTranscoder(program(columns)))
    assert decoded(columns, drained.records) == [{f"c{i}": i for i in range(1600)}]


def test_an_error_in_the_middle_is_the_servers_to_tell(postgres: PostgresServer) -> None:
    transcoder = CopyTranscoder(program([column(Form.INT4)]))
    drained = drain(postgres, "SELECT 1 / (1000 - i) FROM generate_series(1, 2000) AS i", transcoder, 100)
    assert drained.said[-1] == FAILED
    assert drained.result.status == ExecStatus.FATAL_ERROR
    assert b"division by zero" in drained.result.error_message
    assert transcoder.total_rows == 999


def test_a_lost_connection_is_no_end(postgres18: PostgresServer) -> None:
    transcoder = CopyTranscoder(program([column(Form.OUTPUT)]))
    query = "SELECT pg_terminate_backend(pg_backend_pid())"
    drained = drain(postgres18, query, transcoder)
    assert (drained.said[-1], drained.result.status) == (FAILED, ExecStatus.FATAL_ERROR)
    assert b"terminating connection" in drained.result.error_message


def test_a_value_of_100_mib_comes_whole(postgres18: PostgresServer) -> None:
    transcoder = CopyTranscoder(program([column(Form.TEXT, "a"), column(Form.INT4, "b")]))
    query = f"SELECT repeat('12345678', {100 << 20} / 8), i FROM generate_series(1, 2) AS i"
    drained = drain(postgres18, query, transcoder)
    assert [take[0] for take in drained.takes] == [1, 1]
    assert [len(take[1]) for take in drained.takes] == [(100 << 20) + 7] * 2
    assert drained.takes[1][1].endswith(b"12345678\x02\x04")


def test_a_limit_that_is_reached_asks_for_no_row(postgres18: PostgresServer) -> None:
    transcoder = CopyTranscoder(program([column(Form.INT4)]))
    drained = drain(postgres18, "SELECT 1 UNION ALL SELECT 2", transcoder, 1)
    assert [said for said in drained.said if said != WAIT] == [FULL, FULL, ENDED]


def test_psycopg_without_its_c_implementation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    libpq.address.cache_clear()
    libpq._library.cache_clear()
    monkeypatch.setattr(psycopg.pq, "__impl__", "python")
    with pytest.raises(UnreachableError, match=r"Install psycopg\[binary\]"):
        libpq.address("PQgetCopyData")


def test_a_closed_connection_fails() -> None:
    assert pull(CopyTranscoder(program(MIXED)), 0, 1000) == FAILED


def test_functions_are_those_of_the_libpq_that_psycopg_uses() -> None:
    module = importlib.import_module(f"psycopg_{psycopg.pq.__impl__}.pq")
    assert libpq.address("PQgetCopyData") != libpq.address("PQfreemem") != 0
    assert module.version() == psycopg.pq.version()
