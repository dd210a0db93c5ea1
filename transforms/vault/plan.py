"""The plan of a table: its ranges, fixed before the first is read."""

from dataclasses import dataclass
from typing import Any

from transforms.errors import ExistsError
from transforms.key_range import KeyRange
from transforms.vault.records import decode_records, encode_records
from transforms.vault.store import Store, put_once

RANGE_FIELDS: list[dict[str, Any]] = [
    {"name": "space", "type": "string"},
    {"name": "start", "type": "bytes"},
    {"name": "end", "type": "bytes"},
]

_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "PlannedRange",
    "namespace": "shardkeep.vault",
    "fields": [{"name": "number", "type": "long"}, *RANGE_FIELDS],
}


@dataclass(frozen=True, slots=True)
class PlannedRange:
    """A range of a table, numbered from 0 in the plan's order; `table` is the table's place in the intent."""

    table: int
    number: int
    range: KeyRange


def encode_plan(ranges: list[KeyRange]) -> bytes:
    """The plan object of a table."""
    rows = ({"number": n, "space": r.space, "start": r.start, "end": r.end} for n, r in enumerate(ranges))
    return encode_records(_SCHEMA, rows)


def decode_plan(data: bytes) -> list[KeyRange]:
    """The inverse of `encode_plan`."""
    return [KeyRange(row["space"], row["start"], row["end"]) for row in decode_records(data)]


def settle_plan(store: Store, name: str, ranges: list[KeyRange]) -> list[KeyRange]:
    """Write the plan, or take the one that is there: whoever plans first plans for all."""
    try:
        put_once(store, name, encode_plan(ranges))
    except ExistsError:
        return decode_plan(store.read(name))
    return ranges
