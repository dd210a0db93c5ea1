"""The records of the memory room, encoded by fastavro."""

import io
import json
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import fastavro

from tests.memory_room.database import NULLS, Row
from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "MemoryRow",
    "fields": [{"name": "key", "type": ["null", "bytes"]}, {"name": "value", "type": "bytes"}],
}
AVRO_SCHEMA = json.dumps(SCHEMA)
_PARSED = fastavro.parse_schema(SCHEMA)


def encode(row: Row) -> bytes:
    """The one record of a row."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, _PARSED, dict(zip(("key", "value"), row, strict=True)))
    return buffer.getvalue()


def decode(records: bytes) -> Iterator[Row]:
    """The rows of records back to back."""
    buffer = io.BytesIO(records)
    while buffer.tell() < len(records):
        record: Any = fastavro.schemaless_reader(buffer, _PARSED, None)
        yield record["key"], record["value"]


def batch_of(rows: Sequence[tuple[bytes, Row]]) -> Batch:
    """The batch of rows with what they are ordered by."""
    records = [encode(row) for _, row in rows]
    ends = array("Q", accumulate(map(len, records)))
    return Batch(len(rows), rows[0][0], rows[-1][0], b"".join(records), ends)


def inspect(records: bytes, table: Table, key_range: KeyRange) -> Batch:
    """See `Inspect`: this room knows its order."""
    try:
        rows = [(value if key is None else key, (key, value)) for key, value in decode(records)]
    except (EOFError, ValueError, IndexError) as error:
        raise IntegrityError(f"the records cannot be decoded: {error}") from error
    for place, row in rows:
        _check_place(place, row, key_range)
    places = [place for place, _ in rows]
    if sorted(set(places)) != places:
        raise IntegrityError("keys are out of order")
    return batch_of(rows)


def _check_place(place: bytes, row: Row, key_range: KeyRange) -> None:
    same_space = (row[0] is None) == (key_range.space == NULLS)
    if not same_space or place < key_range.start or (key_range.end and place >= key_range.end):
        raise IntegrityError(f"the key {place!r} is outside of {key_range}")
