"""Runs of neighbouring chunks, which a restore or a verification reads together."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transforms.avro.block import decode_blocks
from transforms.errors import IntegrityError
from transforms.groups import groups_of
from transforms.vault.format.shard import Chunk, Shard
from transforms.vault.store.interface import Store

RUN_SIZE = 64 << 20
"""Most stored bytes from the start of a run to its end; only a single chunk may be larger."""

RUNS_AT_ONCE = 64
"""Most runs in one group."""


@dataclass(frozen=True, slots=True)
class ChunkRun:
    """Neighbouring chunks of one shard, to be read in one ranged read.

    Attributes:
        place: The table's place in the manifest.
        shard: Name of the shard.
        sync: The marker after each of its blocks.
        chunks: The chunks, in the order of their offsets.
    """

    place: int
    shard: str
    sync: bytes
    chunks: tuple[Chunk, ...]

    @property
    def size(self) -> int:
        """Stored bytes to read."""
        return self.chunks[-1].offset + self.chunks[-1].length - self.chunks[0].offset


def runs_of(place: int, shard: Shard, run_size: int = RUN_SIZE) -> Iterator[ChunkRun]:
    """The runs that hold every chunk of a shard that has rows."""
    chunks = (chunk for chunk in shard.chunks if chunk.rows)
    for run in _neighbours(chunks, run_size):
        yield ChunkRun(place, shard.object.name, shard.sync, run)


def _neighbours(chunks: Iterable[Chunk], run_size: int) -> Iterator[tuple[Chunk, ...]]:
    """Runs of at most `run_size` bytes from start to end; what lies between the chunks is read too."""
    run: list[Chunk] = []
    for chunk in chunks:
        if run and chunk.offset + chunk.length - run[0].offset > run_size:
            yield tuple(run)
            run = []
        run.append(chunk)
    if run:
        yield tuple(run)


def run_groups(runs: Iterable[ChunkRun]) -> Iterator[tuple[ChunkRun, ...]]:
    """Neighbouring runs, of any shards and tables, in groups; each group is an element of work.

    A group has at most the bytes of a run, so a group of small tables costs about as much as a run of a large table.
    """
    return groups_of(runs, lambda run: run.size, RUN_SIZE, RUNS_AT_ONCE)


def read_chunks(store: Store, run: ChunkRun) -> Iterator[tuple[Chunk, bytes]]:
    """The chunks of a run with their records, checked against their digests.

    Raises:
        IntegrityError: naming shard, offset and range, if a chunk is not what was written.
        NotFoundError: if the shard is missing.
    """
    first = run.chunks[0].offset
    data = memoryview(store.read(run.shard, first, run.size))
    for chunk in run.chunks:
        offset = chunk.offset - first
        yield chunk, records_of(run, chunk, bytes(data[offset : offset + chunk.length]))


def records_of(run: ChunkRun, chunk: Chunk, stored: bytes) -> bytes:
    """The records in the blocks of a chunk, checked against its digest.

    Raises:
        IntegrityError: naming shard, offset and range, if they are not what was written.
    """
    where = f"{run.shard}: the chunk {chunk.range} at offset {chunk.offset}"
    try:
        blocks = list(decode_blocks(stored, run.sync, chunk.bytes))
    except ValueError as error:
        raise IntegrityError(f"{where} cannot be read: {error}.") from error
    records = blocks[0].records if len(blocks) == 1 else b"".join(block.records for block in blocks)
    if sum(block.count for block in blocks) != chunk.records or hashlib.sha256(records).digest() != chunk.sha256:
        raise IntegrityError(f"{where} does not hold the records that were written.")
    return records
