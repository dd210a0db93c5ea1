"""What canonical records of a PostgreSQL table must be, held against bytes that come from outside."""

from array import array

from typing_extensions import Buffer

def inspect(program: Buffer, records: Buffer) -> array[int]:
    """For each record the offset in `records` where it ends (unsigned 64-bit).

    The interpreter's lock is released meanwhile: `records` must not change.

    Args:
        program: What `column.program` makes of the table's columns; one PRESENCE for a table without columns.
        records: Avro records, back to back; perhaps none.

    Raises:
        IntegrityError: if the bytes are not canonical records; the message names the record and the column,
            both from 1, and the offset.
        ValueError: if the program is no such program.
    """
