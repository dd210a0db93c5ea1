"""The index: every chunk of a backup, in files of limited size, sorted by table and key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from transforms.errors import IntegrityError
from transforms.json_fields import whole
from transforms.key_range import KeyRange, check_tiling
from transforms.vault.format.object_ref import ObjectRef, read_proved
from transforms.vault.format.records import LARGEST_FILE, decode_records, encode_records
from transforms.vault.format.shard import OBJECT_FIELDS, SHARD_SCHEMA, Shard
from transforms.vault.format.totals import Totals, sum_of, totals_of
from transforms.vault.store.interface import Store

_RECEIPT: dict[str, Any] = {
    "type": "record",
    "name": "Receipt",
    "fields": [*OBJECT_FIELDS, {"name": "sha256", "type": "Sha256"}],
}

INDEX_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "IndexEntry",
    "namespace": "shardkeep.vault",
    "fields": [
        {"name": "table", "type": "long"},
        {"name": "shard", "type": SHARD_SCHEMA},
        {"name": "receipt", "type": _RECEIPT},
    ],
}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A shard with the chunks that the backup needs, its table's place in the manifest, and its receipt."""

    place: int
    shard: Shard
    receipt: ObjectRef


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A table's neighbouring entries in an index file, as the manifest summarises them.

    Attributes:
        place: The table's place in the intent.
        file: The file.
        range: The range from the first chunk's start to the last chunk's end, in one key space.
        shards: Number of entries.
        chunks: Number of their chunks.
        totals: The sums of the chunks.
        read_started: When reading the first of the shards began, microseconds since 1970, UTC.
        read_finished: When reading the last of them ended, microseconds since 1970, UTC.
    """

    place: int
    file: ObjectRef
    range: KeyRange
    shards: int
    chunks: int
    totals: Totals
    read_started: int
    read_finished: int


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index file and its parts, in the order of tables and key spaces.

    Attributes:
        number: Its number among the index files of its plan.
        object: The file.
        parts: Its entries of each key space of each table, summarised.
    """

    number: int
    object: ObjectRef
    parts: tuple[IndexPart, ...]

    @property
    def order(self) -> tuple[int, int]:
        """A key that sorts index files: by the plan's first table, then by number in the plan."""
        return self.parts[0].place, self.number

    @property
    def totals(self) -> Totals:
        """The sums of all its chunks."""
        return sum_of(part.totals for part in self.parts)

    @property
    def shards(self) -> int:
        """Number of its entries."""
        return sum(part.shards for part in self.parts)


def encode_index(entries: Iterable[IndexEntry]) -> bytes:
    """The bytes of an index file."""
    return encode_records(INDEX_SCHEMA, map(_record, entries))


def _record(entry: IndexEntry) -> dict[str, Any]:
    return {"table": entry.place, "shard": entry.shard.to_record(), "receipt": _ref_record(entry.receipt)}


def _ref_record(ref: ObjectRef) -> dict[str, Any]:
    return {"name": ref.name, "size": ref.size, "crc32c": ref.crc32c, "sha256": ref.sha256}


def decode_index(data: bytes, name: str) -> list[IndexEntry]:
    """The inverse of `encode_index`; `name` is the file's.

    Raises:
        IntegrityError: if the bytes are not an index file, or have chunks that cannot be in their shard.
    """
    return decode_records(data, INDEX_SCHEMA, name, _entry_of)


def _entry_of(record: dict[str, Any]) -> IndexEntry:
    receipt = ObjectRef.from_record(record["receipt"], "receipt")
    return IndexEntry(whole(record["table"], "table"), Shard.from_record(record["shard"]), receipt)


def summarise(number: int, ref: ObjectRef, entries: Sequence[IndexEntry]) -> IndexFile:
    """The summary, for the manifest, of an index file with `entries`.

    Raises:
        IntegrityError: if the ranges of a table's entries, or the chunks of one, do not tile, or there are none.
    """
    groups = groupby(entries, lambda entry: (entry.place, entry.shard.range.space))
    parts = tuple(_part(table, ref, [entry.shard for entry in group]) for (table, _), group in groups)
    if not parts:
        raise IntegrityError(f"{ref.name}: the index file has no entry.")
    return IndexFile(number, ref, parts)


def _part(table: int, ref: ObjectRef, shards: Sequence[Shard]) -> IndexPart:
    whole = KeyRange(shards[0].range.space, shards[0].range.start, shards[-1].range.end)
    check_tiling((shard.range for shard in shards), whole, f"{ref.name}, table number {table}")
    for shard in shards:
        check_tiling((chunk.range for chunk in shard.chunks), shard.range, shard.object.name)
    chunks = [chunk for shard in shards for chunk in shard.chunks]
    started, finished = min(s.read_started for s in shards), max(s.read_finished for s in shards)
    return IndexPart(table, ref, whole, len(shards), len(chunks), totals_of(chunks), started, finished)


def read_index(store: Store, file: IndexFile) -> list[IndexEntry]:
    """The entries of an index file, checked against the manifest.

    Raises:
        IntegrityError: if the file's bytes, ranges or sums differ.
        NotFoundError: if there is no such file.
    """
    data = read_proved(store, file.object, "index file", LARGEST_FILE)
    entries = decode_index(data, file.object.name)
    if summarise(file.number, file.object, entries) != file:
        raise IntegrityError(f"{file.object.name}: the sums of the index file are not those of the manifest.")
    return entries
