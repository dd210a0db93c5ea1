"""Binary COPY streams, made by hand or by a server, and the rows of what becomes of them."""

import io
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import fastavro
import psycopg

from tests.servers.postgres_server import PostgresServer
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import Column, Form, program
from transforms.postgres.codec.copy_transcoder import CopyTranscoder

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + bytes(8)
TRAILER = b"\xff\xff"
PINNED = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=3"


def column(form: Form, name: str = "c", precision: int = 0, scale: int = 0) -> Column:
    return Column(name, name, form.name.lower(), f"pg_catalog.{form.name.lower()}", form, precision, scale)


def row(*fields: bytes | None) -> bytes:
    sized = (struct.pack(">i", -1) if field is None else struct.pack(">i", len(field)) + field for field in fields)
    return struct.pack(">h", len(fields)) + b"".join(sized)


def records_of(columns: Sequence[Column], rows: Iterable[bytes], text_is_bytes: bool = False) -> bytes:
    """The records of rows that are fed one by one."""
    transcoder = CopyTranscoder(program(columns, text_is_bytes))
    for message in (HEADER, *rows, TRAILER):
        transcoder.feed(message)
    return transcoder.take()[1]


def decoded(columns: Sequence[Column], records: bytes, text_is_bytes: bool = False) -> list[dict[str, Any]]:
    """The rows that fastavro reads in records."""
    schema = fastavro.parse_schema(json.loads(avro_schema("t", columns, text_is_bytes)))
    stream = io.BytesIO(records)
    found: list[Any] = []
    while stream.tell() < len(records):
        found.append(fastavro.schemaless_reader(stream, schema, None))
    return found


def connected(server: PostgresServer, database: str = "postgres") -> "psycopg.Connection[Any]":
    return psycopg.connect(server.url(database), options=PINNED, autocommit=True)


def messages(server: PostgresServer, select: str, database: str = "postgres") -> Iterator[bytes]:
    """The messages of a server's COPY, as psycopg hands them on."""
    query = f"COPY ({select}) TO STDOUT (FORMAT binary)".encode()
    with connected(server, database) as connection, connection.cursor() as cursor, cursor.copy(query) as copy:
        yield from map(bytes, copy)


def rows_of(server: PostgresServer, columns: Sequence[Column], select: str) -> list[dict[str, Any]]:
    """The rows of a query, by the server, the transcoder and fastavro."""
    transcoder = CopyTranscoder(program(columns))
    for message in messages(server, select):
        transcoder.feed(message)
    return decoded(columns, transcoder.take()[1])
