"""Reading and checking PostgreSQL's records in a vault."""

from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange
from transforms.postgres.codec.record_inspector import inspect as inspect_records
from transforms.postgres.codec.record_program import program_of


def inspect(records: bytes, table: Table, key_range: KeyRange) -> Batch:
    """See `transforms.source.Inspect`; the order of keys is not checked: only the server knows it."""
    try:
        ends = inspect_records(program_of(table), records)
    except IntegrityError as error:
        raise IntegrityError(f"table {table.name}, {key_range}: {error}") from error
    if not ends:
        raise IntegrityError(f"table {table.name}, {key_range}: no record where one was expected. Verify the backup.")
    return Batch(len(ends), b"", b"", records, ends)
