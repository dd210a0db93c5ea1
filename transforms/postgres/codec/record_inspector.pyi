"""Checks that bytes of a vault are canonical records of a PostgreSQL table."""

from array import array

from typing_extensions import Buffer

def inspect(program: Buffer, records: Buffer) -> array[int]:
    """The offset in `records` where each record ends (unsigned 64-bit).

    The interpreter's lock is released meanwhile: `records` must not change.

    Args:
        program: From `column.program` for the table's columns; one PRESENCE for a table without columns.
        records: Avro records, back to back; may be empty.

    Raises:
        IntegrityError: if the bytes are not canonical records; the message names the record and the column,
            both from 1, and the offset.
        ValueError: if the program is invalid.
    """
