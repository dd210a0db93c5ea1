"""The plan of neighbouring tables: their ranges, fixed before the first is read."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from transforms.errors import ExistsError
from transforms.key_range import KeyRange
from transforms.vault.portion import PlannedRange, Portion
from transforms.vault.records import decode_records, encode_records
from transforms.vault.store import Store, put_once

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
        "table": planned.table,
        "number": planned.number,
        "portion": portion.number,
        "file": portion.file,
        "space": ends.space,
        "start": ends.start,
        "end": ends.end,
    }


def decode_plan(data: bytes, plan: int) -> list[Portion]:
    """The inverse of `encode_plan`; `plan` is the plan's number."""
    portions = groupby(decode_records(data), lambda row: (row["portion"], row["file"]))
    return [Portion(plan, number, file, tuple(map(_planned, rows))) for (number, file), rows in portions]


def _planned(row: dict[str, Any]) -> PlannedRange:
    return PlannedRange(row["table"], row["number"], KeyRange(row["space"], row["start"], row["end"]))


def settle_plan(store: Store, name: str, plan: int, portions: list[Portion]) -> list[Portion]:
    """Write the plan, or take the one that is there: whoever plans first plans for all."""
    try:
        put_once(store, name, encode_plan(portions))
    except ExistsError:
        return decode_plan(store.read(name), plan)
    return portions
