"""What a room's reader yields: whole rows as Avro bytes."""

from array import array
from dataclasses import dataclass

from transforms.record_digest import sum_of_hashes


@dataclass(frozen=True, slots=True)
class Batch:
    """One or more whole rows of a table in key order, as canonical Avro records back to back.

    Attributes:
        rows: Number of rows, at least 1. A row that is too large for one record has several records.
        first_key: Key of the first row.
        last_key: Key of the last row.
        records: The Avro records.
        record_ends: For each record the offset in `records` where it ends (unsigned 64-bit).
    """

    rows: int
    first_key: bytes
    last_key: bytes
    records: bytes
    record_ends: "array[int]"

    def hash_sum(self) -> int:
        """The sum modulo 2^128 of the records' hashes."""
        return sum_of_hashes(self.records, self.record_ends)
