"""Backing up one planned range: read, transcode, cut, digest, compress, write, leave a receipt."""

import secrets
import time
from dataclasses import dataclass

from transforms.avro.header import Header
from transforms.identity import Table
from transforms.progress import ProgressFile
from transforms.read_ahead import read_ahead
from transforms.shard_writer import ShardWriter, encode_chunks, sync_marker
from transforms.source import Source
from transforms.vault.layout import BackupLayout
from transforms.vault.plan import PlannedRange
from transforms.vault.receipt import ReceiptSummary, write_receipt
from transforms.vault.shard import Chunk, Shard
from transforms.vault.store import ObjectWriter, Store


@dataclass(frozen=True, slots=True)
class RangeBackup:
    """How ranges are backed up.

    Attributes:
        source: Whom they are read from.
        layout: Names of the backup's objects.
        chunk_size: Bytes of records after which a chunk ends, at the end of a row.
        progress: Where the work is told of.
    """

    source: Source
    layout: BackupLayout
    chunk_size: int
    progress: ProgressFile

    def back_up(self, store: Store, table: Table, planned: PlannedRange) -> ReceiptSummary:
        """Back up a range into a shard of its own and leave its receipt; `store` is the source's folder.

        A second try writes a second shard: a shard is never changed, and the index names one only.
        """
        unique = secrets.token_hex(8)
        name = self.layout.shard(table.folder, planned.number, unique)
        with store.create(name) as writer:
            shard = self._write(writer, name, table, planned)
        self.progress.add(ranges=1)
        receipt_name = self.layout.receipt(table.folder, planned.number, unique)
        receipt = write_receipt(store, receipt_name, shard)
        return ReceiptSummary(planned.table, planned.number, receipt_name, planned.range, receipt)

    def _write(self, writer: ObjectWriter, name: str, table: Table, planned: PlannedRange) -> Shard:
        """Reading, encoding and writing run side by side, each in a thread of its own."""
        started, sync = now_micros(), sync_marker(name)
        batches = read_ahead(self.source.read(table, planned.range, self.chunk_size))
        encoded = read_ahead(encode_chunks(batches, planned.range, sync, self.chunk_size))
        shard = ShardWriter(writer, Header(table.avro_schema, sync))
        chunks = tuple(self._counted(shard.add(chunk)) for chunk in encoded)
        return Shard(shard.tally.ref(name), sync, planned.range, started, now_micros(), chunks)

    def _counted(self, chunk: Chunk) -> Chunk:
        self.progress.add(rows=chunk.rows, bytes=chunk.bytes)
        return chunk


def now_micros() -> int:
    """The time, microseconds since 1970, UTC."""
    return time.time_ns() // 1000
