import io

import fastavro
import pytest
from avro.io import BinaryDecoder, BinaryEncoder
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.avro.varint import decode_bytes, decode_long, encode_bytes, encode_long

LONGS = st.integers(-(2**63), 2**63 - 1) | st.integers(-70, 70)


def by_fastavro(schema: str, value: object) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, value)
    return buffer.getvalue()


def by_avro(value: int) -> bytes:
    buffer = io.BytesIO()
    BinaryEncoder(buffer).write_long(value)
    return buffer.getvalue()


@given(LONGS)
@example(-(2**63))
@example(2**63 - 1)
@example(-65)
@example(64)
def test_a_long_is_written_as_other_libraries_write_it(value: int) -> None:
    assert encode_long(value) == by_fastavro("long", value) == by_avro(value)


@given(LONGS, st.binary(max_size=3), st.binary(max_size=3))
def test_a_long_comes_back_from_the_middle_of_bytes(value: int, before: bytes, after: bytes) -> None:
    encoded = by_fastavro("long", value)
    assert decode_long(before + encoded + after, len(before)) == (value, len(before + encoded))


@given(st.binary())
def test_bytes_are_written_as_fastavro_writes_them(data: bytes) -> None:
    assert encode_bytes(data) == by_fastavro("bytes", data)
    assert decode_bytes(b"x" + encode_bytes(data) + b"y", 1) == (data, 1 + len(encode_bytes(data)))


@given(LONGS)
def test_a_long_that_is_cut_short_is_an_error(value: int) -> None:
    encoded = encode_long(value)
    for size in range(len(encoded)):
        with pytest.raises(ValueError, match="no Avro long at offset 0"):
            decode_long(encoded[:size], 0)


@pytest.mark.parametrize("data", [b"\x80" * 10 + b"\x00", b"\xff" * 9 + b"\x02", b"\xff" * 9 + b"\x7f"])
def test_a_long_of_more_than_64_bits_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="no Avro long"):
        decode_long(data, 0)


@pytest.mark.parametrize("data", [b"\x01", b"\x04a", b"\x04", b"", encode_long(2**62) + b"abc"])
def test_bytes_of_a_wrong_length_are_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="at offset 0"):
        decode_bytes(data, 0)


@given(st.binary(max_size=12), st.integers(0, 13))
def test_any_bytes_are_read_as_the_avro_library_reads_them_or_refused(data: bytes, offset: int) -> None:
    try:
        value, end = decode_long(data, offset)
    except ValueError:
        return
    buffer = io.BytesIO(data[offset:])
    assert BinaryDecoder(buffer).read_long() in (value, value + 2**64)
    assert offset + buffer.tell() == end
