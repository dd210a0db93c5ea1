"""Pieces: what a target is given at once."""

from hypothesis import given
from hypothesis import strategies as st

from transforms.key_range import KeyRange
from transforms.piece import PIECE_SIZE, Piece, pieces_of
from transforms.vault.chunk_run import ChunkRun
from transforms.vault.format.shard import Chunk


def chunks_of(sizes: list[int]) -> list[tuple[Chunk, bytes]]:
    """Chunks of so many bytes of records, each stored in half of that, one behind the other from offset 100."""
    found, offset = [], 100
    for number, size in enumerate(sizes):
        stored = size // 2 + 1
        found.append(
            (Chunk(KeyRange(""), number + 1, 1, size, offset, stored, bytes(32), 0), bytes([number % 251]) * size)
        )
        offset += stored
    return found


def pieces(sizes: list[int], writers: int) -> list[Piece]:
    chunks = chunks_of(sizes)
    run = ChunkRun(0, "s.avro", bytes(16), tuple(chunk for chunk, _ in chunks))
    return list(pieces_of(run, chunks, writers))


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40), st.integers(1, 6))
def test_pieces_are_all_chunks_in_order(sizes: list[int], writers: int) -> None:
    chunks, found = chunks_of(sizes), pieces(sizes, writers)
    assert b"".join(piece.records for piece in found) == b"".join(records for _, records in chunks)
    assert sum(piece.rows for piece in found) == sum(chunk.rows for chunk, _ in chunks)
    ends = [piece.name.removeprefix("s.avro:").split("-") for piece in found]
    assert ends[0][0] == "100"
    assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
    assert int(ends[-1][1]) == chunks[-1][0].offset + chunks[-1][0].length


def test_each_writer_has_a_piece_of_a_small_run() -> None:
    assert [piece.name for piece in pieces([1000] * 8, 4)] == [
        "s.avro:100-1102",
        "s.avro:1102-2104",
        "s.avro:2104-3106",
        "s.avro:3106-4108",
    ]


def test_a_piece_of_a_large_run_is_bounded() -> None:
    sizes = [len(piece.records) for piece in pieces([1 << 20] * 40, 2)]
    assert sizes == [PIECE_SIZE] * 5


def test_a_chunk_is_never_cut() -> None:
    assert [len(piece.records) for piece in pieces([3 * PIECE_SIZE, 10], 1)] == [3 * PIECE_SIZE, 10]
