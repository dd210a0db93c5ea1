"""Writing one shard: header, chunks, and the account of both."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from transforms.avro.block import SYNC_SIZE, encode_block
from transforms.avro.header import Header
from transforms.batch import Batch
from transforms.key_range import KeyRange
from transforms.vault.object_ref import Tally
from transforms.vault.shard import Chunk
from transforms.vault.store import ObjectWriter


def cut(batches: Iterable[Batch], whole: KeyRange) -> Iterator[tuple[KeyRange, Batch | None]]:
    """The batches of a range with the range that each covers; they tile `whole`.

    A chunk ends where the next batch's first key begins, so every inner end is a key that exists.
    A range without rows is one chunk without a batch.
    """
    start, held = whole.start, None
    for batch in batches:
        if held is not None:
            yield KeyRange(whole.space, start, batch.first_key), held
            start = batch.first_key
        held = batch
    yield KeyRange(whole.space, start, whole.end), held


@dataclass
class ShardWriter:
    """Appends chunks to an object in the making and counts all of its bytes.

    Attributes:
        writer: The object.
        name: Its name; the sync marker is made of it.
        avro_schema: JSON text of the records' schema.
        block_size: Bytes of records after which a block of a chunk ends; only a row larger than that
            makes a chunk of several blocks.
    """

    writer: ObjectWriter
    name: str
    avro_schema: str
    block_size: int
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        """Write the header."""
        self.sync = hashlib.sha256(self.name.encode()).digest()[:SYNC_SIZE]
        self._write(Header(self.avro_schema, self.sync).encode())

    def add(self, key_range: KeyRange, batch: Batch | None) -> Chunk:
        """Append a chunk; returns its entry."""
        offset = self.tally.size
        if batch is None:
            return Chunk(key_range, 0, 0, 0, offset, 0, hashlib.sha256().digest(), 0)
        for records, count in _blocks(batch, self.block_size):
            self._write(encode_block(records, count, self.sync))
        return Chunk(
            range=key_range,
            rows=batch.rows,
            records=len(batch.record_ends),
            bytes=len(batch.records),
            offset=offset,
            length=self.tally.size - offset,
            sha256=hashlib.sha256(batch.records).digest(),
            hash_sum=batch.hash_sum(),
        )

    def _write(self, data: bytes) -> None:
        self.writer.write(data)
        self.tally.add(data)


def _blocks(batch: Batch, block_size: int) -> Iterator[tuple["bytes | memoryview", int]]:
    """The records of a batch and their number, cut where a block is full and more than a record follows."""
    ends = batch.record_ends
    if len(ends) == 1 or ends[-2] < block_size:
        yield batch.records, len(ends)
        return
    start, first = 0, 0
    for number, end in enumerate(ends, 1):
        if end - start >= block_size or number == len(ends):
            yield memoryview(batch.records)[start:end], number - first
            start, first = end, number
