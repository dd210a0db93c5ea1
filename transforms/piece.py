"""Pieces: neighbouring chunks that are written together, since each call may cost a transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from transforms.groups import groups_of
from transforms.vault.chunk_run import ChunkRun
from transforms.vault.format.shard import Chunk

PIECE_SIZE = 8 << 20
"""Bytes of records at which a piece is full."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of neighbouring chunks of a shard, back to back.

    Attributes:
        place: The table's place in the manifest.
        name: The shard's name and the offsets of start and end in it: the same in every attempt of a job.
        rows: Number of rows.
        records: The records.
    """

    place: int
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
    name = f"{run.shard}:{first.offset}-{last.offset + last.length}"
    return Piece(run.place, name, sum(chunk.rows for chunk, _ in held), records)


def piece_groups(runs: Sequence[ChunkRun], pieces: Iterable[Piece], writers: int) -> Iterator[tuple[Piece, ...]]:
    """Pieces of some runs in groups that are written by one call: one group for each writer, if they are small."""
    return groups_of(pieces, lambda piece: len(piece.records), PIECE_SIZE, -(-len(runs) // writers))
