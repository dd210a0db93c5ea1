import io
import json
import tracemalloc
import zlib
from typing import Any

import fastavro
import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.avro.block import Block, decode_blocks, encode_block
from transforms.avro.header import Header, decode_header
from transforms.avro.varint import decode_bytes, encode_bytes, encode_long

SCHEMA = {"type": "record", "name": "R", "fields": [{"name": "f", "type": "bytes"}]}
SYNC = bytes(range(100, 116))
MOST = 1 << 20
VALUES = st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=8), max_size=4)


def file_of(values: list[list[bytes]]) -> bytes:
    blocks = (encode_block(b"".join(map(encode_bytes, block)), len(block), SYNC) for block in values)
    return Header(json.dumps(SCHEMA), SYNC).encode() + b"".join(blocks)


def values_in(blocks: list[Block]) -> list[list[bytes]]:
    found = []
    for block in blocks:
        values, end = [], 0
        for _ in range(block.count):
            value, end = decode_bytes(block.records, end)
            values.append(value)
        assert end == len(block.records)
        found.append(values)
    return found


@given(VALUES)
def test_fastavro_reads_our_blocks(values: list[list[bytes]]) -> None:
    blocks: list[Any] = list(fastavro.block_reader(io.BytesIO(file_of(values))))
    assert [[row["f"] for row in block] for block in blocks] == values
    assert [block.num_records for block in blocks] == list(map(len, values))


@given(VALUES)
def test_avro_reads_our_blocks(values: list[list[bytes]]) -> None:
    with DataFileReader(io.BytesIO(file_of(values)), DatumReader()) as reader:
        rows: list[Any] = list(reader)
        assert [row["f"] for row in rows] == [value for block in values for value in block]


@given(st.lists(st.binary(max_size=40)), st.integers(1, 60))
def test_we_read_the_blocks_of_fastavro(values: list[bytes], interval: int) -> None:
    buffer = io.BytesIO()
    rows = [{"f": value} for value in values]
    fastavro.writer(buffer, SCHEMA, rows, codec="deflate", sync_marker=SYNC, sync_interval=interval)
    data = buffer.getvalue()
    header, start = decode_header(data)
    blocks = values_in(list(decode_blocks(data[start:], header.sync, MOST)))
    assert [value for block in blocks for value in block] == values


@given(VALUES)
def test_blocks_come_back(values: list[list[bytes]]) -> None:
    data = file_of(values)
    assert values_in(list(decode_blocks(data[decode_header(data)[1] :], SYNC, MOST))) == values


def test_a_view_of_records_is_encoded_like_their_bytes() -> None:
    records = b"0123456789" * 100
    assert encode_block(memoryview(records)[10:500], 3, SYNC) == encode_block(records[10:500], 3, SYNC)


def test_the_codec_is_raw_deflate() -> None:
    records = bytes(range(256)) * 300
    block = encode_block(records, 2, SYNC)
    assert block.startswith(encode_long(2))
    stored, end = decode_bytes(block, 1)
    assert zlib.decompress(stored, -15) == records
    assert block[end:] == SYNC


def only_value_errors(data: bytes, sync: bytes = SYNC) -> list[Block]:
    try:
        return list(decode_blocks(data, sync, MOST))
    except ValueError:
        return []


@given(st.binary(min_size=1, max_size=200), st.integers(0, 10**6), st.integers(1, 255))
def test_an_inverted_byte_is_an_error_or_other_records(records: bytes, place: int, mask: int) -> None:
    damaged = bytearray(encode_block(records, 1, SYNC))
    damaged[place % len(damaged)] ^= mask
    assert only_value_errors(bytes(damaged)) != [Block(1, records)] or place % len(damaged) < len(damaged) - 16


@given(st.binary(max_size=100))
@example(encode_long(1) + encode_long(2**62) + SYNC)
@example(encode_long(-1) + encode_long(2) + b"\x03\x00" + SYNC)
@example(encode_long(1) + encode_long(-16) + SYNC)
@example(encode_long(1) + encode_long(0) + SYNC)
@example(encode_long(1) + encode_long(3) + b"\x03\x00x" + SYNC)
def test_any_bytes_are_blocks_or_raise_nothing_but_value_errors(data: bytes) -> None:
    only_value_errors(data)
    only_value_errors(data + SYNC)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (encode_long(-1) + encode_long(2) + b"\x03\x00" + SYNC, "no Avro block at offset 0"),
        (encode_long(1) + encode_long(-16) + SYNC, "no Avro block at offset 0"),
        (encode_block(b"abc", 1, bytes(16)), "no Avro block at offset 0"),
        (encode_block(b"abc", 1, SYNC) + b"\x02", "no Avro long at offset 24"),
        (encode_long(1) + encode_long(0) + SYNC, "is not a whole deflate stream"),
        (encode_long(1) + encode_long(1) + b"\x07" + SYNC, "cannot be inflated"),
    ],
)
def test_what_is_no_block_is_told(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        list(decode_blocks(data, SYNC, MOST))


@given(st.binary(max_size=200))
def test_a_block_that_is_cut_short_is_an_error(records: bytes) -> None:
    block = encode_block(records, 1, SYNC)
    for size in {1, 2, 3, len(block) // 2, len(block) - 17, len(block) - 16, len(block) - 1}:
        with pytest.raises(ValueError, match="at offset"):
            list(decode_blocks(block[:size], SYNC, MOST))


def deflated(size: int) -> bytes:
    """A block whose records are so many zero bytes, made without holding them."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(size >> 20)) + deflater.flush()
    return encode_long(1) + encode_bytes(stored) + SYNC


@given(st.lists(st.integers(0, 300), min_size=1, max_size=4), st.integers(-3, 3))
def test_blocks_are_inflated_to_a_limit_and_not_a_byte_further(sizes: list[int], more: int) -> None:
    data = b"".join(encode_block(bytes(size), 1, SYNC) for size in sizes)
    most = max(0, sum(sizes) + more)
    if sum(sizes) <= most:
        assert [len(block.records) for block in decode_blocks(data, SYNC, most)] == sizes
    else:
        with pytest.raises(ValueError, match="holds more bytes than it should"):
            list(decode_blocks(data, SYNC, most))


def test_a_bomb_takes_no_memory() -> None:
    data = deflated(512 << 20)
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="holds more bytes than it should"):
            list(decode_blocks(data, SYNC, MOST))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
