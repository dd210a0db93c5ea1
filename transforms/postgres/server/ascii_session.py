"""Sessions with databases of encoding SQL_ASCII, whose text is bytes that may not be UTF-8.

The server converts nothing there, but checks what it sends to a client with encoding UTF-8, and fails at the first
other byte. So the client's encoding is SQL_ASCII, and the driver, which would then return bytes and accept only ASCII,
is taught UTF-8 with `surrogateescape`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Copy, sql
from psycopg.abc import Buffer, Params
from psycopg.adapt import Dumper, Loader
from psycopg.copy import Writer

Words = str | bytes | sql.Composable

# The last one is the driver's fallback for unknown types.
TEXT_TYPES: tuple[str | int, ...] = ("text", "varchar", "bpchar", "name", '"char"', 0)


class _TextLoader(Loader):
    """Decode UTF-8, with other bytes as lone surrogates."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


class _TextDumper(Dumper):
    """The inverse of `_decode`."""

    def dump(self, obj: str) -> Buffer:
        return obj.encode("utf-8", "surrogateescape")


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """A cursor whose statements are sent as UTF-8; templates, which psycopg 3.3 accepts too, are not used here."""

    def execute(  # type: ignore[override]
        self, query: Words, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> "_Cursor":
        super().execute(_encoded(query), params, prepare=prepare, binary=binary)
        return self

    @contextmanager
    def copy(  # type: ignore[override]
        self, statement: Words, params: Params | None = None, *, writer: Writer | None = None
    ) -> Iterator[Copy]:
        with super().copy(_encoded(statement), params, writer=writer) as copy:
            yield copy


def adapt(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Make a fresh session send and read any bytes as text."""
    connection.execute("SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false)")
    for name in TEXT_TYPES:
        connection.adapters.register_loader(name, _TextLoader)
    connection.adapters.register_dumper(str, _TextDumper)
    connection.cursor_factory = _Cursor


def _encoded(query: Words) -> bytes:
    if isinstance(query, sql.Composable):
        return query.as_bytes(None)
    return query.encode("utf-8", "surrogateescape") if isinstance(query, str) else query
