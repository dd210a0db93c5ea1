"""Backs up the planned ranges of a portion: read, transcode, cut, digest, compress, write, leave a receipt."""

import secrets
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass

from transforms.avro.header import Header
from transforms.identity import Table
from transforms.progress import Item, ProgressFile
from transforms.range_reading import RangeReading, now_micros, readings
from transforms.read_ahead import read_ahead
from transforms.shard_writer import EncodedChunk, ShardWriter, encode_chunks, sync_marker
from transforms.source import Source
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.portion import Portion
from transforms.vault.format.receipt import ReceiptEntry, ReceiptSummary, write_receipt
from transforms.vault.format.shard import Chunk, Shard
from transforms.vault.store.interface import ObjectGroup, Store


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt at a portion: where its shards go, its random digits, and whether it has only one range."""

    group: ObjectGroup
    unique: str
    is_alone: bool


@dataclass(frozen=True, slots=True)
class PortionBackup:
    """How ranges are backed up.

    Attributes:
        source: The source to read.
        layout: Names of the backup's objects.
        chunk_size: Bytes of records after which a chunk ends, at the end of a row.
        progress: Progress file.
    """

    source: Source
    layout: BackupLayout
    chunk_size: int
    progress: ProgressFile

    def run(self, store: Store, tables: Mapping[int, Table], portion: Portion) -> ReceiptSummary:
        """Back up the ranges of a portion, each into its own shard, and write one receipt when all are done.

        A second attempt writes other shards: a shard is never changed, and the index names only one.

        Args:
            store: The source's folder.
            tables: The portion's tables, by their places in the intent.
            portion: What to read.
        """
        unique, is_alone = secrets.token_hex(8), len(portion.ranges) == 1
        with store.group() as group, self.source.reading(list(tables.values())) as read:
            attempt, at_once = _Attempt(group, unique, is_alone), 1 if is_alone else self.source.reads_at_once
            begun = readings(read, tables, portion, self.chunk_size, at_once)
            entries = [self._write_shard(attempt, reading) for reading in begun]
        receipt = write_receipt(store, self.layout.receipt(portion.plan, portion.number, unique), entries)
        return ReceiptSummary(portion.plan, portion.file, receipt)

    def _write_shard(self, attempt: _Attempt, reading: RangeReading) -> ReceiptEntry:
        table, planned = reading.table, reading.planned
        name = self.layout.shard(table.folder, planned.number, attempt.unique)
        sync = sync_marker(name)
        encoded, item = self._encoded(attempt, reading, sync), self.progress.item(f"{table.folder}/{planned.number}")
        with closing(encoded), attempt.group.create(name) as writer:
            shard = ShardWriter(writer, Header(table.avro_schema, sync))
            chunks = tuple(_counted(item, shard.add(chunk)) for chunk in encoded)
            finished = now_micros()
        item.done()
        shard_entry = Shard(shard.tally.ref(name), sync, planned.range, reading.started, finished, chunks)
        return ReceiptEntry(planned.place, planned.number, shard_entry)

    def _encoded(self, attempt: _Attempt, reading: RangeReading, sync: bytes) -> Generator[EncodedChunk, None, None]:
        """The chunks of a range; if it may be large, reading, encoding and writing run side by side."""
        batches, key_range = reading.batches, reading.planned.range
        if not attempt.is_alone:
            return encode_chunks(batches, key_range, sync, self.chunk_size)
        return read_ahead(encode_chunks(read_ahead(batches), key_range, sync, self.chunk_size))


def _counted(item: Item, chunk: Chunk) -> Chunk:
    item.add(rows=chunk.rows, bytes=chunk.bytes)
    return chunk
