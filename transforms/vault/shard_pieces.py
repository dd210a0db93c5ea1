"""Reads a shard from its first byte to its last, each byte once, in pieces that hold whole runs of chunks."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from transforms.vault.chunk_run import ChunkRun, records_of, runs_of
from transforms.vault.format.index import IndexEntry
from transforms.vault.format.object_ref import Tally
from transforms.vault.format.shard import Chunk
from transforms.vault.store.interface import Store

PIECE = 8 << 20
"""Most bytes of a piece; only a single chunk may be larger."""


@dataclass(frozen=True, slots=True)
class ShardPiece:
    """Bytes `start` to `start + len(data)` of the shard `name`, and the run of chunks in them, if any."""

    name: str
    start: int
    data: bytes
    run: ChunkRun | None

    def chunks(self) -> Iterator[tuple[Chunk, bytes]]:
        """The chunks of the run with their records, checked against their digests.

        Raises:
            IntegrityError: naming shard, offset and range, if a chunk is not what was written.
        """
        if self.run is not None:
            for chunk in self.run.chunks:
                first = chunk.offset - self.start
                yield chunk, records_of(self.run, chunk, self.data[first : first + chunk.length])


def read_pieces(store: Store, entry: IndexEntry, tally: Tally) -> Generator[ShardPiece, None, None]:
    """Read a shard once, and add its bytes to the tally.

    If the object is too long, one byte more is read; if it is too short, all of it: then the tally differs.

    Raises:
        NotFoundError: if the shard is missing.
        IntegrityError: if its store cannot read it.
    """
    name, size = entry.shard.object.name, entry.shard.object.size
    for start, end, run in _spans(entry):
        data = store.read(name, start, end - start + (end == size))
        tally.add(data)
        yield ShardPiece(name, start, data, run)
        if len(data) < end - start:  # the object ends here, whatever size an index gives it
            return


def _spans(entry: IndexEntry) -> Iterator[tuple[int, int, ChunkRun | None]]:
    """Starts and ends of neighbouring spans of a shard: each run together with what is right before it."""
    reached, size = 0, entry.shard.object.size
    for run in runs_of(entry.place, entry.shard, PIECE):
        first = run.chunks[0].offset
        if first - reached > PIECE:
            yield from _without_chunks(reached, first)
            reached = first
        yield reached, first + run.size, run
        reached = first + run.size
    yield from _without_chunks(reached, size) if size else [(0, 0, None)]


def _without_chunks(start: int, end: int) -> Iterator[tuple[int, int, None]]:
    return ((first, min(first + PIECE, end), None) for first in range(start, end, PIECE))
