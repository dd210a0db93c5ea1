"""The index: every chunk that a backup needs, in files of bounded size, sorted by key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange, check_tiling
from transforms.vault.object_ref import ObjectRef, refer
from transforms.vault.records import decode_records, encode_records
from transforms.vault.shard import OBJECT_FIELDS, SHARD_SCHEMA, Shard
from transforms.vault.store import Store
from transforms.vault.totals import Totals, totals_of

RANGES_PER_FILE = 64
"""Neighbouring planned ranges in one index file: about 16,000 chunks of full-size shards."""

_RECEIPT: dict[str, Any] = {
    "type": "record",
    "name": "Receipt",
    "fields": [*OBJECT_FIELDS, {"name": "sha256", "type": "Sha256"}],
}

INDEX_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "IndexEntry",
    "namespace": "shardkeep.vault",
    "fields": [{"name": "shard", "type": SHARD_SCHEMA}, {"name": "receipt", "type": _RECEIPT}],
}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A shard, or the chunks of it that the backup needs, and its receipt."""

    shard: Shard
    receipt: ObjectRef


@dataclass(frozen=True, slots=True)
class IndexFile:
    """What the manifest holds of an index file: its object, its place, its range, its sums.

    Attributes:
        table: The table's place in the intent.
        number: Its number among the table's index files, in the plan's order.
        object: The file.
        range: From its first chunk's start to its last chunk's end.
        shards: How many entries it has.
        chunks: How many chunks they have.
        totals: The sums of its chunks.
        read_started: When the first of its shards was begun, microseconds, UTC.
        read_finished: When the last of them was read, microseconds, UTC.
    """

    table: int
    number: int
    object: ObjectRef
    range: KeyRange
    shards: int
    chunks: int
    totals: Totals
    read_started: int
    read_finished: int


def encode_index(entries: Iterable[IndexEntry]) -> bytes:
    """The bytes of an index file."""
    records = ({"shard": entry.shard.to_record(), "receipt": _ref_record(entry.receipt)} for entry in entries)
    return encode_records(INDEX_SCHEMA, records)


def _ref_record(ref: ObjectRef) -> dict[str, Any]:
    return {"name": ref.name, "size": ref.size, "crc32c": ref.crc32c, "sha256": ref.sha256}


def decode_index(data: bytes) -> list[IndexEntry]:
    """The inverse of `encode_index`."""
    return [
        IndexEntry(Shard.from_record(record["shard"]), ObjectRef(**record["receipt"]))
        for record in decode_records(data)
    ]


def summarise(table: int, number: int, ref: ObjectRef, entries: Sequence[IndexEntry]) -> IndexFile:
    """What the manifest holds of a file with `entries`.

    Raises:
        IntegrityError: if the entries' ranges, or the chunks of one, do not tile.
    """
    shards = [entry.shard for entry in entries]
    whole = KeyRange(shards[0].range.space, shards[0].range.start, shards[-1].range.end)
    check_tiling((shard.range for shard in shards), whole, ref.name)
    for shard in shards:
        check_tiling((chunk.range for chunk in shard.chunks), shard.range, shard.object.name)
    chunks = [chunk for shard in shards for chunk in shard.chunks]
    started, finished = min(s.read_started for s in shards), max(s.read_finished for s in shards)
    return IndexFile(table, number, ref, whole, len(shards), len(chunks), totals_of(chunks), started, finished)


def read_index(store: Store, file: IndexFile) -> list[IndexEntry]:
    """The entries of an index file, proved to be what the manifest says.

    Raises:
        IntegrityError: if the file's bytes, ranges or sums differ.
        NotFoundError: if there is no such file.
    """
    data = store.read(file.object.name)
    if refer(file.object.name, data) != file.object:
        raise IntegrityError(f"{file.object.name}: the index file is not the one that the manifest names.")
    entries = decode_index(data)
    if summarise(file.table, file.number, file.object, entries) != file:
        raise IntegrityError(f"{file.object.name}: the sums of the index file are not those of the manifest.")
    return entries
