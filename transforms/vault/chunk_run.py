"""Runs of neighbouring chunks: what a worker of a restore or a verification reads at once."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transforms.avro.block import decode_blocks
from transforms.errors import IntegrityError
from transforms.groups import groups_of
from transforms.vault.format.shard import Chunk, Shard
from transforms.vault.store.interface import Store

RUN_SIZE = 64 << 20
"""Stored bytes from the start of a run to its end, but for a single larger chunk."""

RUNS_AT_ONCE = 64
"""Most runs in one group."""


@dataclass(frozen=True, slots=True)
class ChunkRun:
    """Neighbouring chunks of one shard, to be read in one ranged read.

    Attributes:
        place: The table's place in the manifest.
        shard: Name of the shard.
        sync: The marker behind each of its blocks.
        chunks: The chunks, in the order of their offsets.
    """

    place: int
    shard: str
    sync: bytes
    chunks: tuple[Chunk, ...]

    @property
    def size(self) -> int:
        """Stored bytes, as they are read."""
        return self.chunks[-1].offset + self.chunks[-1].length - self.chunks[0].offset


def runs_of(place: int, shard: Shard, run_size: int = RUN_SIZE) -> Iterator[ChunkRun]:
    """The runs that hold every chunk of a shard that has rows."""
    chunks = (chunk for chunk in shard.chunks if chunk.rows)
    for run in _neighbours(chunks, run_size):
        yield ChunkRun(place, shard.object.name, shard.sync, run)


def _neighbours(chunks: Iterable[Chunk], run_size: int) -> Iterator[tuple[Chunk, ...]]:
    """Chunks from the first of which to the end of the last is no more than `run_size`: what is between is read too."""
    run: list[Chunk] = []
    for chunk in chunks:
        if run and chunk.offset + chunk.length - run[0].offset > run_size:
            yield tuple(run)
            run = []
        run.append(chunk)
    if run:
        yield tuple(run)


def run_groups(runs: Iterable[ChunkRun]) -> Iterator[tuple[ChunkRun, ...]]:
    """Neighbouring runs, of whichever shards and tables, in groups: each may be one element of work.

    A group stores no more than a run may, so one of small tables costs about what a run of a large table does.
    """
    return groups_of(runs, lambda run: run.size, RUN_SIZE, RUNS_AT_ONCE)


def read_chunks(store: Store, run: ChunkRun) -> Iterator[tuple[Chunk, bytes]]:
    """The chunks of a run with their records, each proved by its digest.

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
    """The records of a chunk of a run, out of its blocks and proved by its digest.

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
