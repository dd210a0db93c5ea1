"""Writes one shard: its header and its chunks, with their entries for the index."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace

from transforms.avro.block import SYNC_SIZE, encode_block
from transforms.avro.header import Header
from transforms.batch import Batch
from transforms.errors import RefusedError
from transforms.key_range import KeyRange
from transforms.vault.format.object_ref import Tally
from transforms.vault.format.shard import Chunk, check_chunk
from transforms.vault.store.interface import ObjectWriter


def cut(batches: Iterable[Batch], whole: KeyRange) -> Iterator[tuple[KeyRange, Batch | None]]:
    """The batches of a range, each with the range that it covers; these tile `whole`.

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


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A chunk that is ready to be appended to a shard; the offset in `chunk` is still 0."""

    chunk: Chunk
    blocks: bytes


def encode_chunk(key_range: KeyRange, batch: Batch | None, sync: bytes, block_size: int) -> EncodedChunk:
    """The Avro blocks of a chunk, and its entry.

    Args:
        key_range: The chunk's keys.
        batch: Its rows; None if the range has none.
        sync: The shard's marker.
        block_size: Bytes of records after which a block ends; only a row larger than that makes a
            chunk of several blocks.
    """
    if batch is None:
        return EncodedChunk(Chunk(key_range, 0, 0, 0, 0, 0, hashlib.sha256().digest(), 0), b"")
    blocks = b"".join(encode_block(records, count, sync) for records, count in _blocks(batch, block_size))
    chunk = Chunk(
        range=key_range,
        rows=batch.rows,
        records=len(batch.record_ends),
        bytes=len(batch.records),
        offset=0,
        length=len(blocks),
        sha256=hashlib.sha256(batch.records).digest(),
        hash_sum=batch.hash_sum(),
    )
    try:
        return EncodedChunk(check_chunk(chunk), blocks)
    except ValueError as error:
        raise RefusedError(f"{error}. Give a smaller --chunk_size.") from error


def encode_chunks(
    batches: Iterable[Batch], whole: KeyRange, sync: bytes, block_size: int
) -> Generator[EncodedChunk, None, None]:
    """The chunks of a range, which tile it."""
    for key_range, batch in cut(batches, whole):
        yield encode_chunk(key_range, batch, sync, block_size)


def sync_marker(name: str) -> bytes:
    """The marker after each block of the shard `name`: the first bytes of the name's SHA-256."""
    return hashlib.sha256(name.encode()).digest()[:SYNC_SIZE]


@dataclass
class ShardWriter:
    """Appends the header and chunks to an object that is being created, and counts its bytes."""

    writer: ObjectWriter
    header: Header
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        """Write the header."""
        self._write(self.header.encode())

    def add(self, encoded: EncodedChunk) -> Chunk:
        """Append a chunk; returns its entry."""
        offset = self.tally.size
        self._write(encoded.blocks)
        return replace(encoded.chunk, offset=offset)

    def _write(self, data: bytes) -> None:
        self.writer.write(data)
        self.tally.add(data)


def _blocks(batch: Batch, block_size: int) -> Iterator[tuple["bytes | memoryview", int]]:
    """The records of a batch and their number, cut where a block is full and more than one record follows."""
    ends = batch.record_ends
    if len(ends) == 1 or ends[-2] < block_size:
        yield batch.records, len(ends)
        return
    start, first = 0, 0
    for number, end in enumerate(ends, 1):
        if end - start >= block_size or number == len(ends):
            yield memoryview(batch.records)[start:end], number - first
            start, first = end, number
