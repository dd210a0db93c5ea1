"""Shards and their chunks, as receipts and index files describe them."""

import builtins
from dataclasses import dataclass
from typing import Any

from transforms.json_fields import whole
from transforms.key_range import KeyRange
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.format.plan import RANGE_FIELDS, range_of

LARGEST_CHUNK = 2 << 30
"""Most bytes of a chunk, stored or not: a row of PostgreSQL has up to 1 GiB (MaxAllocSize of utils/memutils.h)."""

LAST_TIME = 253_402_300_799_999_999
"""The end of the year 9999, microseconds since 1970: the last time that RFC 3339 can express."""


def _fixed(name: str, size: int) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size}


OBJECT_FIELDS: list[dict[str, Any]] = [
    {"name": "name", "type": "string"},
    {"name": "size", "type": "long"},
    {"name": "crc32c", "type": "long"},
]

CHUNK_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Chunk",
    "fields": [
        {"name": "start", "type": "bytes"},
        {"name": "end", "type": "bytes"},
        {"name": "rows", "type": "long"},
        {"name": "records", "type": "long"},
        {"name": "bytes", "type": "long"},
        {"name": "offset", "type": "long"},
        {"name": "length", "type": "long"},
        {"name": "sha256", "type": "Sha256"},
        {"name": "hash_sum", "type": _fixed("HashSum", 16)},
    ],
}

SHARD_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Shard",
    "namespace": "shardkeep.vault",
    "fields": [
        *OBJECT_FIELDS,
        {"name": "sha256", "type": _fixed("Sha256", 32)},
        {"name": "sync", "type": _fixed("Sync", 16)},
        *RANGE_FIELDS,
        {"name": "read_started", "type": "long"},
        {"name": "read_finished", "type": "long"},
        {"name": "chunks", "type": {"type": "array", "items": CHUNK_SCHEMA}},
    ],
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous key range and its rows: bytes `offset` to `offset + length` of a shard.

    Attributes:
        range: Its keys. The chunks of a shard tile the shard's range.
        rows: Number of rows.
        records: Number of Avro records; more than rows where a row is too large for one.
        bytes: Size of the uncompressed records.
        offset: Where its first Avro block begins in the shard; a chunk without rows has no block.
        length: Size of its blocks.
        sha256: SHA-256 of the uncompressed canonical records.
        hash_sum: Sum modulo 2^128 of the hashes of all records (`transforms.record_digest`).
    """

    range: KeyRange
    rows: int
    records: int
    bytes: int
    offset: int
    length: int
    sha256: builtins.bytes  # beside a field of that name
    hash_sum: int

    def to_record(self) -> dict[str, Any]:
        """As an Avro record."""
        return {
            "start": self.range.start,
            "end": self.range.end,
            "rows": self.rows,
            "records": self.records,
            "bytes": self.bytes,
            "offset": self.offset,
            "length": self.length,
            "sha256": self.sha256,
            "hash_sum": self.hash_sum.to_bytes(16, "big"),
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], space: str) -> "Chunk":
        """The inverse of `to_record`; `space` is the shard's key space.

        Raises:
            ValueError: if no chunk can have these numbers.
        """
        key_range = KeyRange(space, record["start"], record["end"])
        numbers = {name: whole(record[name], name) for name in ("rows", "records", "bytes", "offset", "length")}
        hash_sum = int.from_bytes(record["hash_sum"], "big")
        return check_chunk(cls(range=key_range, sha256=record["sha256"], hash_sum=hash_sum, **numbers))


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard.

    Attributes:
        object: Its object.
        sync: The marker after each of its Avro blocks.
        range: Its keys.
        read_started: When reading began, microseconds since 1970, UTC.
        read_finished: When it ended.
        chunks: Its chunks, in the order of the keys.
    """

    object: ObjectRef
    sync: bytes
    range: KeyRange
    read_started: int
    read_finished: int
    chunks: tuple[Chunk, ...]

    def to_record(self) -> dict[str, Any]:
        """As an Avro record of `SHARD_SCHEMA`."""
        return {
            "name": self.object.name,
            "size": self.object.size,
            "crc32c": self.object.crc32c,
            "sha256": self.object.sha256,
            "sync": self.sync,
            "space": self.range.space,
            "start": self.range.start,
            "end": self.range.end,
            "read_started": self.read_started,
            "read_finished": self.read_finished,
            "chunks": [chunk.to_record() for chunk in self.chunks],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Shard":
        """The inverse of `to_record`.

        Raises:
            ValueError: if no shard can have these numbers or chunks.
        """
        started, finished = (whole(record[name], name, LAST_TIME) for name in ("read_started", "read_finished"))
        chunks = tuple(Chunk.from_record(chunk, record["space"]) for chunk in record["chunks"])
        ref = ObjectRef.from_record(record, "shard")
        shard = cls(ref, record["sync"], range_of(record), started, finished, chunks)
        _check_places(shard)
        return shard


def check_chunk(chunk: Chunk) -> Chunk:
    """The chunk, if its numbers are possible: each row has at least one record, each record at least one byte.

    Raises:
        ValueError: if its numbers contradict each other, or if it is larger than `LARGEST_CHUNK`.
    """
    if max(chunk.bytes, chunk.length) > LARGEST_CHUNK:
        raise ValueError(f"a chunk of {chunk.bytes:,} bytes; a vault holds none of more than {LARGEST_CHUNK:,}")
    is_empty = not any((chunk.rows, chunk.records, chunk.bytes, chunk.length, chunk.hash_sum))
    if not (is_empty or (0 < chunk.rows <= chunk.records <= chunk.bytes and chunk.length)):
        raise ValueError(f"the numbers of the chunk {chunk.range} at offset {chunk.offset} contradict each other")
    return chunk


def _check_places(shard: Shard) -> None:
    """Check that the chunks of a shard that have rows are inside it, one after the other."""
    reached = 0
    for chunk in (chunk for chunk in shard.chunks if chunk.length):
        end = chunk.offset + chunk.length
        if chunk.offset < reached or end > shard.object.size:
            raise ValueError(f"{shard.object.name} cannot hold the chunk {chunk.range} at {chunk.offset} to {end}")
        reached = end
