"""Shards are plain Avro files whose chunks are proved by their entries."""

import hashlib
import io
from array import array
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import fastavro
import mmh3
import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader
from hypothesis import given
from hypothesis import strategies as st

from tests.memory_room.database import Row
from tests.memory_room.records import AVRO_SCHEMA, batch_of, encode
from transforms.avro.header import Header, decode_header
from transforms.batch import Batch
from transforms.key_range import KeyRange, check_tiling
from transforms.shard_writer import ShardWriter, cut, encode_chunk, encode_chunks, sync_marker
from transforms.vault.format.object_ref import refer
from transforms.vault.format.shard import Chunk

NAME = "b/data/t/000000-00ff.avro"
SYNC = sync_marker(NAME)
WHOLE = KeyRange("", b"", b"~")
KEYS = st.lists(st.binary(min_size=1, max_size=3), unique=True, max_size=12).map(sorted)


@dataclass(frozen=True)
class Pieces:
    """An object in the making."""

    pieces: list[bytes]

    def write(self, data: bytes) -> None:
        self.pieces.append(bytes(data))


def batches_of(keys: list[bytes], size: int) -> list[Batch]:
    rows: list[tuple[bytes, Row]] = [(key, (key, key * 5)) for key in keys]
    return [batch_of(rows[start : start + size]) for start in range(0, len(rows), size)]


def written(batches: list[Batch], block_size: int = 1 << 20) -> tuple[bytes, list[Chunk], ShardWriter]:
    pieces: list[bytes] = []
    shard = ShardWriter(Pieces(pieces), Header(AVRO_SCHEMA, SYNC))
    chunks = [shard.add(encoded) for encoded in encode_chunks(batches, WHOLE, SYNC, block_size)]
    return b"".join(pieces), chunks, shard


def large_row(pieces: int, size: int) -> Batch:
    """A row of several records, as a room makes one of a row that is too large for one."""
    records = [encode((b"k", b"%d" % piece * size)) for piece in range(pieces)]
    return Batch(1, b"k", b"k", b"".join(records), array("Q", accumulate(map(len, records))))


@given(KEYS, st.integers(1, 4))
def test_the_chunks_of_a_range_tile_it_and_end_at_keys_that_exist(keys: list[bytes], size: int) -> None:
    ranges = [key_range for key_range, _ in cut(batches_of(keys, size), WHOLE)]
    check_tiling(ranges, WHOLE, "range")
    assert [key_range.start for key_range in ranges[1:]] == keys[size::size]


def test_a_range_without_rows_is_one_chunk_without_a_block() -> None:
    data, chunks, _ = written([])
    assert chunks == [Chunk(WHOLE, 0, 0, 0, len(data), 0, hashlib.sha256().digest(), 0)]
    assert list(fastavro.reader(io.BytesIO(data))) == []


@given(KEYS, st.integers(1, 4), st.integers(1, 100))
def test_other_readers_find_all_rows_in_order(keys: list[bytes], size: int, block_size: int) -> None:
    data, _, _ = written(batches_of(keys, size), block_size)
    rows = [{"key": key, "value": key * 5} for key in keys]
    assert list(fastavro.reader(io.BytesIO(data))) == rows
    with DataFileReader(io.BytesIO(data), DatumReader()) as reader:
        assert list(reader) == rows


@given(KEYS, st.integers(1, 4))
def test_a_chunk_is_the_blocks_from_its_offset_on(keys: list[bytes], size: int) -> None:
    batches = batches_of(keys, size)
    data, chunks, shard = written(batches)
    header_size = decode_header(data)[1]
    assert [chunk.offset for chunk in chunks] == list(
        accumulate((chunk.length for chunk in chunks[:-1]), initial=header_size)
    )
    assert chunks[-1].offset + chunks[-1].length == len(data)
    for chunk, batch in zip(chunks, batches, strict=False):
        alone = data[:header_size] + data[chunk.offset :][: chunk.length]
        assert b"".join(encode((row["key"], row["value"])) for row in _rows(alone)) == batch.records
    assert shard.tally.ref(NAME) == refer(NAME, data)


def _rows(data: bytes) -> list[Any]:
    return list(fastavro.reader(io.BytesIO(data)))


def test_an_entry_counts_and_digests_its_records() -> None:
    [batch] = batches_of([b"a", b"b", b"c"], 3)
    _, [chunk], _ = written([batch])
    records = [encode((key, key * 5)) for key in (b"a", b"b", b"c")]
    hashes = sum(mmh3.hash128(record, seed=0, x64arch=True, signed=False) for record in records)
    assert (chunk.rows, chunk.records, chunk.bytes) == (3, 3, len(b"".join(records)))
    assert (chunk.sha256, chunk.hash_sum) == (hashlib.sha256(b"".join(records)).digest(), hashes % 2**128)


@pytest.mark.parametrize(("size", "counts"), [(100, [1, 1, 1, 1, 1]), (20, [2, 2, 1]), (8, [4, 1]), (5, [5])])
def test_only_a_row_larger_than_a_block_makes_several_blocks(size: int, counts: list[int]) -> None:
    batch = large_row(5, size)
    data, [chunk], _ = written([batch], block_size=40)
    assert [block.num_records for block in fastavro.block_reader(io.BytesIO(data))] == counts
    assert (chunk.rows, chunk.records, chunk.bytes) == (1, 5, len(batch.records))
    assert chunk.sha256 == hashlib.sha256(batch.records).digest()


def test_a_chunk_does_not_depend_on_its_place() -> None:
    [batch] = batches_of([b"a"], 1)
    encoded = encode_chunk(WHOLE, batch, SYNC, 100)
    shard = ShardWriter(Pieces([]), Header(AVRO_SCHEMA, SYNC))
    first, second = shard.add(encoded), shard.add(encoded)
    assert second.offset == first.offset + first.length
    assert first.sha256 == second.sha256 == encoded.chunk.sha256


def test_the_marker_is_told_from_the_shards_name() -> None:
    assert hashlib.sha256(NAME.encode()).digest()[:16] == SYNC
    assert sync_marker("other") != SYNC


@given(KEYS)
def test_neighbouring_chunks_leave_out_no_key(keys: list[bytes]) -> None:
    batches = batches_of(keys, 2)
    pairs = list(cut(batches, WHOLE))
    assert all(one[0].end == other[0].start for one, other in pairwise(pairs))
    assert [batch for _, batch in pairs if batch] == batches
