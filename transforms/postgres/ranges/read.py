"""Reads the rows of a range: compiled code turns libpq's COPY messages into Avro records."""

import select
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.pq.abc import PGconn, PGresult

from transforms.batch import Batch
from transforms.errors import RefusedError
from transforms.key_range import KeyRange
from transforms.postgres.catalog import plan_path
from transforms.postgres.catalog.relation import CTID, Relation
from transforms.postgres.codec.column import program
from transforms.postgres.codec.copy_pull import ENDED, FAILED, WAIT, pull
from transforms.postgres.codec.copy_transcoder import CopyTranscoder
from transforms.postgres.names.identifiers import literal
from transforms.postgres.ranges.key_value import ctid_end, key_end
from transforms.postgres.ranges.query import copy_statement
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

EndOf = Callable[[tuple[bytes | None, ...]], bytes]
"""Makes the end of a range from the fields of a row's key."""
SECONDS_TO_CANCEL = 5.0
_PREPARE = sql.SQL("""
    SELECT pg_catalog.to_regclass({})::pg_catalog.oid::pg_catalog.int8, pg_catalog.set_config('search_path', {}, true),
        pg_catalog.set_config('enable_indexscan', {}, false), pg_catalog.set_config('enable_seqscan', {}, false),
        pg_catalog.set_config('enable_bitmapscan', {}, false), pg_catalog.set_config('enable_indexonlyscan', {}, false)
""")


def read(
    connection: Connection, relation: Relation, key_range: KeyRange, chunk_size: int
) -> Generator[Batch, None, None]:
    """The rows of a range, in batches that end with the row that brings them to `chunk_size` bytes of records.

    Args:
        connection: A session in a transaction that sees the rows as of the backup's moment. It is closed if the
            rows are not taken to their end.
        relation: The table.
        key_range: One of its ranges.
        chunk_size: Bytes of records.

    Raises:
        IntegrityError: if the server's messages are against the protocol, or rows out of order.
        UnreachableError: if the connection is lost. The server's other errors are raised as `errors.translated` says.
    """
    transcoder, end_of = _transcoder(relation)
    copy, doing = copy_statement(relation, key_range), f"reading {relation.name} {key_range}"
    if relation.where:
        with translated(doing):
            _check_name(connection.execute(_preparation(relation).as_bytes(connection)).fetchone(), relation)
        start = partial(_start, connection, copy.as_bytes(connection))
    else:
        statements = sql.SQL("{}; {}").format(_preparation(relation), copy).as_bytes(connection)
        start = partial(_start_together, connection, statements, relation)
    yield from _batches(connection, start, transcoder, end_of, chunk_size, doing)


def read_copy(
    connection: Connection,
    statement: sql.Composable,
    transcoder: CopyTranscoder,
    end_of: EndOf,
    chunk_size: int,
    doing: str,
) -> Generator[Batch, None, None]:
    """What a COPY in binary form sends, as batches; see `read`. `doing` begins the words of errors."""
    start = partial(_start, connection, statement.as_bytes(connection))
    return _batches(connection, start, transcoder, end_of, chunk_size, doing)


def _batches(
    connection: Connection,
    start: Callable[[], None],
    transcoder: CopyTranscoder,
    end_of: EndOf,
    chunk_size: int,
    doing: str,
) -> Generator[Batch, None, None]:
    is_complete = False
    try:
        with translated(doing):
            start()
            for _ in _chunks(connection, transcoder, chunk_size):
                rows, records, ends, first, last = transcoder.take()
                yield Batch(rows, end_of(first), end_of(last), records, ends)
            _finish(connection)
        is_complete = True
    finally:
        if not is_complete:
            _abandon(connection)


def _transcoder(relation: Relation) -> tuple[CopyTranscoder, EndOf]:
    codec = program(relation.columns, relation.text_is_bytes)
    if relation.order == CTID or relation.key is None:
        return CopyTranscoder(codec, (), True), lambda fields: ctid_end(fields[0])
    forms = [column.form for column in relation.key_columns]
    return CopyTranscoder(codec, relation.key.places), lambda fields: key_end(forms, fields)


def _preparation(relation: Relation) -> sql.Composed:
    """The query that checks whose name it is, and directs the planner.

    In physical order every scan will do but that of an index; in the key's, none of the whole file for a range. A
    table that is planned under a search path of its own is read by no index at all: `plan_path`.
    """
    by_key, is_usual = relation.order != CTID, not relation.search_path
    scans = [by_key, not by_key, is_usual, is_usual]
    words = [str(relation.name), plan_path.setting(relation.search_path), *("on" if each else "off" for each in scans)]
    return _PREPARE.format(*map(literal, words))


def _check_name(row: Sequence[Any] | None, relation: Relation) -> None:
    """Check that the name is still the table's.

    Raises:
        RefusedError: if the name is another table's by now. A lock on a table protects its name, but not its schema's.
    """
    if row is None or row[0] != relation.oid:
        raise RefusedError(
            f"{relation.name} is another table than when the backup began: it or its schema was renamed or replaced"
            " meanwhile. Run again when that has ended."
        )


def _start(connection: Connection, statement: bytes) -> None:
    """By the extended protocol, which takes one statement only."""
    connection.pgconn.send_query_params(statement, [])
    _flush(connection)
    _expect(connection, pq.ExecStatus.COPY_OUT)


def _start_together(connection: Connection, statements: bytes, relation: Relation) -> None:
    """The preparation and the COPY in one message: a small table costs little more than the round trip.

    It is the simple protocol, so it must not contain text from an option.
    """
    connection.pgconn.send_query(statements)
    _flush(connection)
    oid = _expect(connection, pq.ExecStatus.TUPLES_OK).get_value(0, 0)
    _check_name((int(oid),) if oid else None, relation)
    _expect(connection, pq.ExecStatus.COPY_OUT)


def _expect(connection: Connection, status: pq.ExecStatus) -> PGresult:
    result = _next_result(connection)
    if result is None or result.status != status:
        raise _error(connection.pgconn, result)
    return result


def _chunks(connection: Connection, transcoder: CopyTranscoder, chunk_size: int) -> Generator[None, None, None]:
    """Yields whenever the transcoder has a batch, and at the end if rows are left."""
    while (state := pull(transcoder, _address(connection.pgconn), chunk_size)) != ENDED:
        if state == FAILED:
            raise _error(connection.pgconn, _next_result(connection))
        if state == WAIT:
            _wait(connection)
        else:
            yield
    if transcoder.rows:
        yield


def _address(pgconn: PGconn) -> int:
    """The connection's libpq handle; psycopg's protocol class does not declare this attribute."""
    address: int = getattr(pgconn, "pgconn_ptr", None) or 0
    return address


def _finish(connection: Connection) -> None:
    result = _next_result(connection)
    if result is None or result.status != pq.ExecStatus.COMMAND_OK:
        raise _error(connection.pgconn, result)
    while _next_result(connection) is not None:
        pass


def _next_result(connection: Connection) -> PGresult | None:
    while connection.pgconn.is_busy():
        _wait(connection)
    return connection.pgconn.get_result()


def _wait(connection: Connection) -> None:
    connection.poll(select.POLLIN)
    connection.pgconn.consume_input()


def _flush(connection: Connection) -> None:
    """Send a statement; a long one may have to wait for the server, which may wait for us to read its notices."""
    while connection.pgconn.flush():
        if connection.poll(select.POLLIN | select.POLLOUT) & select.POLLIN:
            connection.pgconn.consume_input()


def _error(pgconn: PGconn, result: PGresult | None) -> Exception:
    if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
        return psycopg.errors.error_from_result(result)
    words = pgconn.error_message.decode("utf-8", "replace").strip()
    return psycopg.OperationalError(words or "the server ended the COPY without a word")


def _abandon(connection: Connection) -> None:
    """Cancel a query whose rows are no longer read, and close its session."""
    try:
        if not connection.closed:
            connection.cancel_safe(timeout=SECONDS_TO_CANCEL)
    except psycopg.Error:
        pass  # the session is lost; it can only be closed
    finally:
        connection.close()
