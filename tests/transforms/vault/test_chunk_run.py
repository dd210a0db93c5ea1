from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faulty_store import Fault, FaultyStore
from tests.memory_room.records import decode
from tests.memory_room.vaults import MemoryVault, entries, table_of
from transforms.errors import IntegrityError, NotFoundError
from transforms.key_range import KeyRange
from transforms.vault.chunk_run import ChunkRun, read_chunks, runs_of
from transforms.vault.format.object_ref import refer
from transforms.vault.format.shard import Chunk, Shard
from transforms.vault.store.prefixed import PrefixedStore


def shard_of(lengths: list[int]) -> Shard:
    """Chunks of these stored lengths; one of no length has no rows."""
    offsets = [7 + sum(lengths[:place]) for place in range(len(lengths))]
    chunks = tuple(
        Chunk(KeyRange(), int(length > 0), 1, 1, offset, length, bytes(32), 0)
        for offset, length in zip(offsets, lengths, strict=True)
    )
    return Shard(refer("s", b""), bytes(16), KeyRange(), 0, 0, chunks)


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 100))
def test_runs_hold_every_chunk_with_rows_once_and_in_order(lengths: list[int], size: int) -> None:
    shard = shard_of(lengths)
    runs = list(runs_of(3, shard, size))
    assert [chunk for run in runs for chunk in run.chunks] == [chunk for chunk in shard.chunks if chunk.rows]
    assert all((run.place, run.shard, run.sync) == (3, "s", bytes(16)) for run in runs)
    assert all(run.chunks for run in runs)


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 100))
def test_a_run_is_one_piece_of_a_shard_and_of_a_bounded_size(lengths: list[int], size: int) -> None:
    for run in runs_of(0, shard_of(lengths), size):
        total = sum(chunk.length for chunk in run.chunks)
        assert total <= size or len(run.chunks) == 1
        assert run.chunks[-1].offset + run.chunks[-1].length - run.chunks[0].offset == total


def test_neighbouring_runs_could_not_be_one() -> None:
    runs = list(runs_of(0, shard_of([10] * 9), 35))
    assert [len(run.chunks) for run in runs] == [3, 3, 3]


def first_run(vault: MemoryVault, table: str = "orders", place: int = 0) -> ChunkRun:
    [run] = runs_of(0, entries(vault.committed, table)[place].shard)
    return run


def test_a_run_is_read_at_once(vault: MemoryVault) -> None:
    fault = Fault()
    store = PrefixedStore(FaultyStore(vault.store.store, fault), vault.source)
    run = first_run(vault)
    assert len(run.chunks) > 1
    rows = [row for _, records in read_chunks(store, run) for row in decode(records)]
    assert len(rows) == sum(chunk.rows for chunk in run.chunks)
    assert fault.calls == [f"read {vault.source}/{run.shard}"]


def test_a_missing_shard_is_told(vault: MemoryVault) -> None:
    run = replace(first_run(vault), shard="none")
    with pytest.raises(NotFoundError, match="none"):
        list(read_chunks(vault.store, run))


@pytest.mark.parametrize(
    "change",
    [{"sha256": bytes(32)}, {"records": 99}, {"length": 3}, {"offset": 0}],
    ids=lambda change: next(iter(change)),
)
def test_a_chunk_is_proved_before_it_is_handed_on(vault: MemoryVault, change: dict[str, object]) -> None:
    run = first_run(vault)
    first = replace(run.chunks[0], **change)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match=f"^{run.shard}: the chunk .* at offset {first.offset} "):
        next(iter(read_chunks(vault.store, replace(run, chunks=(first,)))))


def test_the_chunks_before_a_damaged_one_are_handed_on(vault: MemoryVault, tmp_path: Path) -> None:
    run = first_run(vault)
    bad = replace(run.chunks[-1], sha256=bytes(32))
    reading = read_chunks(vault.store, replace(run, chunks=(*run.chunks[:-1], bad)))
    assert [next(reading)[0] for _ in run.chunks[:-1]] == list(run.chunks[:-1])
    with pytest.raises(IntegrityError):
        next(reading)
    assert table_of(vault.committed, "orders").name == "orders"
