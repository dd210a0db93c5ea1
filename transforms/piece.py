"""Pieces: neighbouring chunks that a target is given at once, since each call may cost it a transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transforms.vault.chunk_run import ChunkRun
from transforms.vault.shard import Chunk

PIECE_SIZE = 8 << 20
"""Bytes of records at which a piece is full."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of neighbouring chunks of a shard, back to back.

    Attributes:
        name: The shard's name and from where to where they lie in it: the same in every try of a job.
        rows: How many rows they are.
        records: The records.
    """

    name: str
    rows: int
    records: bytes


def pieces_of(run: ChunkRun, chunks: Iterable[tuple[Chunk, bytes]], writers: int) -> Iterator[Piece]:
    """The chunks of a run in pieces, small enough that there is one for each writer."""
    size = min(PIECE_SIZE, sum(chunk.bytes for chunk in run.chunks) // writers)
    held: list[tuple[Chunk, bytes]] = []
    held_size = 0
    for chunk in chunks:
        held.append(chunk)
        held_size += len(chunk[1])
        if held_size >= size:
            yield _piece(run, held)
            held, held_size = [], 0
    if held:
        yield _piece(run, held)


def _piece(run: ChunkRun, held: list[tuple[Chunk, bytes]]) -> Piece:
    first, last = held[0][0], held[-1][0]
    records = held[0][1] if len(held) == 1 else b"".join(records for _, records in held)
    return Piece(f"{run.shard}:{first.offset}-{last.offset + last.length}", sum(c.rows for c, _ in held), records)
