"""Bigtable's records in a vault: their Avro schema, and the check of what is read."""

from importlib.resources import files

from transforms.batch import Batch
from transforms.bigtable.catalog.schema import TableSchema
from transforms.bigtable.codec.record_inspector import inspect as inspect_records
from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange, printable

AVRO_SCHEMA = files("transforms.bigtable").joinpath("bigtable.avsc").read_text(encoding="utf-8")
"""The schema of Google's Bigtable templates, unchanged."""


def inspect(records: bytes, table: Table, key_range: KeyRange) -> Batch:
    """See `transforms.source.Inspect`: checks also the order of the keys, which is that of their bytes.

    A family that the table's schema does not have is an error too: it could not be restored.
    """
    batch = inspect_records(records, map(str.encode, TableSchema.from_json(table.schema).families))
    if batch.first_key < key_range.start or (key_range.end and batch.last_key >= key_range.end):
        found = f"{printable(batch.first_key)} to {printable(batch.last_key)}"
        raise IntegrityError(f"table {table.name}: rows {found} lie outside of {key_range}.")
    return batch
