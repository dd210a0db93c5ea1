import io
import json
from contextlib import suppress
from typing import Any

import fastavro
import pytest
from avro.datafile import DataFileReader, DataFileWriter
from avro.io import DatumReader, DatumWriter
from avro.schema import parse
from hypothesis import given
from hypothesis import strategies as st

from transforms.avro.header import Header, decode_header

SCHEMA = {"type": "record", "name": "R", "fields": [{"name": "f", "type": "bytes"}]}
TEXT = json.dumps(SCHEMA)
SYNC = bytes(range(16))


def by_fastavro(codec: str, metadata: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, SCHEMA, [], codec=codec, sync_marker=SYNC, metadata=metadata)
    return buffer.getvalue()


def by_avro() -> tuple[bytes, bytes]:
    """An empty file of PyPI avro, which chooses its own marker."""
    buffer = io.BytesIO()
    writer = DataFileWriter(buffer, DatumWriter(), parse(TEXT), codec="deflate")
    writer.flush()
    return buffer.getvalue(), writer.sync_marker


def test_fastavro_reads_it() -> None:
    reader: Any = fastavro.reader(io.BytesIO(Header(TEXT, SYNC).encode()))
    assert list(reader) == []
    assert reader.metadata == {"avro.schema": TEXT, "avro.codec": "deflate"}
    assert reader._header["sync"] == SYNC


def test_avro_reads_it() -> None:
    with DataFileReader(io.BytesIO(Header(TEXT, SYNC).encode()), DatumReader()) as reader:
        assert list(reader) == []
        assert json.loads(reader.schema) == SCHEMA
        assert (reader.codec, reader.sync_marker) == ("deflate", SYNC)


@pytest.mark.parametrize("codec", ["deflate", "null"])
def test_the_header_of_fastavro_is_read(codec: str) -> None:
    data = by_fastavro(codec, {"maker": "somebody"})
    header, size = decode_header(data + b"blocks")
    assert (json.loads(header.schema)["name"], header.sync, header.codec) == ("R", SYNC, codec)
    assert size == len(data)


def test_the_header_of_avro_is_read() -> None:
    data, sync = by_avro()
    header, size = decode_header(data)
    assert (json.loads(header.schema)["name"], header.sync, header.codec) == ("R", sync, "deflate")
    assert size == len(data)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary(min_size=16, max_size=16))
def test_a_header_comes_back(schema: str, sync: bytes) -> None:
    header = Header(schema, sync)
    assert decode_header(header.encode() + b"more") == (header, len(header.encode()))


def test_a_map_in_sized_blocks_is_read() -> None:
    # Avro 1.12, "Maps": a negative count is followed by the size of the block in bytes.
    entry = b"\x16avro.schema\x02x"
    data = b"Obj\x01" + b"\x01" + b"\x1c" + entry + b"\x00" + SYNC
    assert decode_header(data) == (Header("x", SYNC, "null"), len(data))


def test_a_header_that_is_cut_short_is_an_error() -> None:
    data = Header(TEXT, SYNC).encode()
    for size in range(len(data)):
        with pytest.raises(ValueError, match="Avro"):
            decode_header(data[:size])


@given(st.binary(max_size=60), st.integers(0, 80), st.integers(1, 255))
def test_corrupt_bytes_raise_nothing_but_value_errors(tail: bytes, place: int, mask: int) -> None:
    damaged = bytearray(Header("s", SYNC).encode())
    damaged[place % len(damaged)] ^= mask
    for data in (bytes(damaged), b"Obj\x01" + tail, tail):
        with suppress(ValueError):
            decode_header(data)
