"""Writes pages of large objects."""

from psycopg.errors import UniqueViolation

from transforms.avro.varint import decode_bytes, decode_long
from transforms.errors import IntegrityError
from transforms.postgres.large_objects.pages import PAGE_SIZE
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

# A concurrent writer of another page may create the object first; then the second query finds it.
ATTEMPTS = 5
_NOT_NULL = b"\x02"  # index 1 of the union
_MISSING = """
    SELECT loid FROM pg_catalog.unnest(%s::pg_catalog.oid[]) AS wanted(loid)
    EXCEPT SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY 1
"""
_CREATE = "SELECT pg_catalog.count(pg_catalog.lo_create(loid)) FROM pg_catalog.unnest(%s::pg_catalog.oid[]) new(loid)"
_WRITE = """
    SELECT pg_catalog.lo_put(loid, page * %b::pg_catalog.int8, data)
    FROM ROWS FROM (
        pg_catalog.unnest(%b::pg_catalog.oid[]), pg_catalog.unnest(%b::pg_catalog.int8[]),
        pg_catalog.unnest(%b::pg_catalog.bytea[])) AS new(loid, page, data)
    WHERE pg_catalog.octet_length(data) > 0
"""


def load(connection: Connection, records: bytes) -> int:
    """Write pages, and create the objects that are missing; may be done twice and side by side with other pages.

    Args:
        connection: To the target; if in a transaction, everything happens in it.
        records: Canonical records of `large_objects.COLUMNS`, back to back.

    Returns:
        The number of pages.

    Raises:
        IntegrityError: if the bytes are not such records.
    """
    pages = decode(records)
    with translated("writing large objects"), connection.transaction():
        _create(connection, sorted({loid for loid, _, _ in pages}))
        columns = [list(column) for column in zip(*pages, strict=True)]
        if pages:
            connection.execute(_WRITE, (PAGE_SIZE, *columns))
    return len(pages)


def _create(connection: Connection, oids: list[int]) -> None:
    for attempt in range(ATTEMPTS):
        missing = [row[0] for row in connection.execute(_MISSING, (oids,)).fetchall()]
        if not missing:
            return
        try:
            with connection.transaction():
                connection.execute(_CREATE, (missing,))
        except UniqueViolation:
            if attempt == ATTEMPTS - 1:
                raise


def decode(records: bytes) -> list[tuple[int, int, bytes]]:
    """The pages of canonical records: large object, page, bytes.

    Raises:
        IntegrityError: if the bytes are not such records.
    """
    offset, pages = 0, list[tuple[int, int, bytes]]()
    try:
        while offset < len(records):
            page, offset = _decode_page(records, offset)
            pages.append(page)
    except ValueError as error:
        raise IntegrityError(f"The records of large objects are corrupt: {error}.") from error
    return pages


def _decode_page(records: bytes, offset: int) -> tuple[tuple[int, int, bytes], int]:
    loid, offset = decode_long(records, _value(records, offset))
    page, offset = decode_long(records, _value(records, offset))
    data, offset = decode_bytes(records, _value(records, offset))
    if not 0 < loid < 1 << 32 or page < 0 or len(data) > PAGE_SIZE:
        raise ValueError(f"no page of a large object ends at offset {offset}")
    return (loid, page, data), offset


def _value(records: bytes, offset: int) -> int:
    """Offset of the value of a union that is not null."""
    if records[offset : offset + 1] != _NOT_NULL:
        raise ValueError(f"no value at offset {offset}")
    return offset + 1
