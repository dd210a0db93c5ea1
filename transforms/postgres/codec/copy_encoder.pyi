"""Converts canonical Avro records to data for `COPY ... FROM STDIN`, in its binary or its text format."""

from typing_extensions import Buffer

def encode_binary(program: Buffer, records: Buffer) -> bytes:
    """Data for `COPY t (columns) FROM STDIN (FORMAT binary)`: header, rows and trailer.

    The interpreter's lock is released meanwhile: `records` must not change.

    Args:
        program: From `column.program` for the table's columns; one PRESENCE for a table without columns.
        records: Canonical Avro records, back to back; may be empty.

    Raises:
        IntegrityError: if the bytes are not canonical records; the message names the record and the column,
            both from 1, and the offset.
        ValueError: if the program is invalid, or has an OUTPUT, which has no binary form.
    """

def encode_text(program: Buffer, records: Buffer) -> bytes:
    """Data for `COPY t (columns) FROM STDIN`: a line for each row.

    All forms are supported. A bytea value must be below 512 MiB, since PostgreSQL takes no line of 1 GiB;
    the bits of a NaN other than its sign are lost. Arguments and errors are those of `encode_binary`.
    """
