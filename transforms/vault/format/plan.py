"""The plan of neighbouring tables: their ranges, fixed before the first is read."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from transforms.errors import ExistsError
from transforms.json_fields import whole
from transforms.key_range import KeyRange
from transforms.vault.format.portion import PlannedRange, Portion
from transforms.vault.format.records import LARGEST_FILE, decode_records, encode_records
from transforms.vault.store.interface import Store, put_once, read_whole

RANGE_FIELDS: list[dict[str, Any]] = [
    {"name": "space", "type": "string"},
    {"name": "start", "type": "bytes"},
    {"name": "end", "type": "bytes"},
]

_NUMBERS = ("table", "number", "portion", "file")
_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "PlannedRange",
    "namespace": "shardkeep.vault",
    "fields": [*({"name": name, "type": "long"} for name in _NUMBERS), *RANGE_FIELDS],
}


def encode_plan(portions: Iterable[Portion]) -> bytes:
    """The plan object of its portions."""
    return encode_records(_SCHEMA, (_record(portion, planned) for portion in portions for planned in portion.ranges))


def _record(portion: Portion, planned: PlannedRange) -> dict[str, Any]:
    ends = planned.range
    return {
        "table": planned.place,
        "number": planned.number,
        "portion": portion.number,
        "file": portion.file,
        "space": ends.space,
        "start": ends.start,
        "end": ends.end,
    }


def decode_plan(data: bytes, plan: int, name: str) -> list[Portion]:
    """The inverse of `encode_plan`; `plan` is the plan's number, `name` the object's.

    Raises:
        IntegrityError: if the bytes are no plan.
    """
    rows = decode_records(data, _SCHEMA, name, _planned)
    portions = groupby(rows, lambda row: row[0])
    return [Portion(plan, number, file, tuple(planned for _, planned in rows)) for (number, file), rows in portions]


def range_of(record: dict[str, Any]) -> KeyRange:
    """The range in a record with `RANGE_FIELDS`."""
    return KeyRange(record["space"], record["start"], record["end"])


def _planned(row: dict[str, Any]) -> tuple[tuple[int, int], PlannedRange]:
    """A planned range after the numbers of its portion and of its index file."""
    table, number, portion, file = (whole(row[name], name) for name in _NUMBERS)
    return (portion, file), PlannedRange(table, number, range_of(row))


def settle_plan(store: Store, name: str, plan: int, portions: list[Portion]) -> list[Portion]:
    """Write the plan, or take the existing one: the first plan that is written counts."""
    try:
        put_once(store, name, encode_plan(portions))
    except ExistsError:
        return decode_plan(read_whole(store, name, LARGEST_FILE), plan, name)
    return portions
