"""Receipts: a worker writes one when it has finished the shards of a portion."""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.errors import IntegrityError
from transforms.json_fields import whole
from transforms.vault.format.object_check import check_object
from transforms.vault.format.object_ref import ObjectRef, read_proved, refer
from transforms.vault.format.portion import PlannedRange, Portion
from transforms.vault.format.records import LARGEST_FILE, decode_records, encode_records
from transforms.vault.format.shard import SHARD_SCHEMA, Shard
from transforms.vault.store.interface import Store, put_once, read_whole

RECEIPT_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "ReceiptEntry",
    "namespace": "shardkeep.vault",
    "fields": [
        {"name": "table", "type": "long"},
        {"name": "number", "type": "long"},
        {"name": "shard", "type": SHARD_SCHEMA},
    ],
}


@dataclass(frozen=True, slots=True)
class ReceiptEntry:
    """A finished shard.

    Attributes:
        place: The place of its table in the intent.
        number: Number of its planned range; its own range may end earlier.
        shard: The shard.
    """

    place: int
    number: int
    shard: Shard


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """The summary of a receipt as an element of the pipeline; its size is constant.

    Attributes:
        plan: Number of its portion's plan.
        file: Number of the index file for its shards.
        receipt: The receipt's object.
    """

    plan: int
    file: int
    receipt: ObjectRef


def encode_receipt(entries: Iterable[ReceiptEntry]) -> bytes:
    """The bytes of a receipt: an Avro file with one record for each shard."""
    records = ({"table": item.place, "number": item.number, "shard": item.shard.to_record()} for item in entries)
    return encode_records(RECEIPT_SCHEMA, records)


def decode_receipt(data: bytes, name: str) -> list[ReceiptEntry]:
    """The inverse of `encode_receipt`; `name` is the object's.

    Raises:
        IntegrityError: if the bytes are no receipt.
    """
    return decode_records(data, RECEIPT_SCHEMA, name, _entry_of)


def _entry_of(row: dict[str, Any]) -> ReceiptEntry:
    table, number = whole(row["table"], "table"), whole(row["number"], "number")
    return ReceiptEntry(table, number, Shard.from_record(row["shard"]))


def write_receipt(store: Store, name: str, entries: Iterable[ReceiptEntry]) -> ObjectRef:
    """Write the receipt of finished shards."""
    data = encode_receipt(entries)
    put_once(store, name, data)
    return refer(name, data)


def read_receipt(store: Store, ref: ObjectRef) -> list[ReceiptEntry]:
    """The shards in a receipt.

    Raises:
        IntegrityError: if the receipt is not as it was written.
    """
    return decode_receipt(read_proved(store, ref, "receipt", LARGEST_FILE), ref.name)


def stem_of(name: str) -> str:
    """The common part of the receipt names of a portion's attempts: the name without its random part (V5)."""
    return name.rpartition("-")[0]


def find_receipts(store: Store, stems: Collection[str]) -> dict[str, str]:
    """The existing receipts, by stem; of several for a portion, the one with the smallest name, which counts (V7).

    The store is asked once, for all names with the stems' common prefix: if there is no receipt, that is one request.
    """
    found: dict[str, str] = {}
    beginning = os.path.commonprefix(list(stems))  # noqa: RUF071 - of names, not of paths
    for name in store.list(beginning):  # sorted
        if stem_of(name) in stems:
            found.setdefault(stem_of(name), name)
    return found


def take_receipt(store: Store, name: str, portion: Portion) -> ReceiptSummary:
    """The summary of the receipt that an earlier attempt at a portion has written.

    Raises:
        IntegrityError: if it is not a receipt of this portion, or if one of its shards is missing or damaged (see V3).
    """
    data = read_whole(store, name, LARGEST_FILE)
    try:
        entries = decode_receipt(data, name)
    except IntegrityError as error:
        raise IntegrityError(f"{error} Take a new backup.") from error
    _check_ranges(name, entries, portion)
    if problem := next(filter(None, (check_object(store, entry.shard.object) for entry in entries)), None):
        raise IntegrityError(f"{name} is the receipt of a shard that is not whole: {problem} Take a new backup.")
    return ReceiptSummary(portion.plan, portion.file, refer(name, data))


def _check_ranges(name: str, entries: Sequence[ReceiptEntry], portion: Portion) -> None:
    found = [PlannedRange(entry.place, entry.number, entry.shard.range) for entry in entries]
    for planned, other in zip(portion.ranges, found, strict=False):
        if planned != other:
            raise IntegrityError(f"{name} is of {_words(other)}, planned is {_words(planned)}. Take a new backup.")
    if len(found) != len(portion.ranges):
        raise IntegrityError(f"{name} is of {len(found)} ranges, planned are {len(portion.ranges)}. Take a new backup.")


def _words(planned: PlannedRange) -> str:
    return f"range {planned.number} of table number {planned.place}, {planned.range}"
