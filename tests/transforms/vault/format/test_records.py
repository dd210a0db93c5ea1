"""Avro files of the vault itself: read with our schema, to a limit, and nothing but integrity errors."""

import io
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.avro.block import encode_block
from transforms.avro.header import Header
from transforms.avro.varint import encode_bytes, encode_long
from transforms.errors import IntegrityError, RefusedError
from transforms.vault.format import records
from transforms.vault.format.records import decode_records, encode_records

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "R",
    "namespace": "n",
    "fields": [
        {"name": "text", "type": "string"},
        {"name": "number", "type": "long"},
        {"name": "list", "type": {"type": "array", "items": {"type": "fixed", "name": "F", "size": 2}}},
    ],
}
SYNC = b"Shardkeep vault\n"
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.text(max_size=9),
            "number": st.integers(-(2**63), 2**63 - 1),
            "list": st.lists(st.binary(min_size=2, max_size=2), max_size=3),
        }
    ),
    max_size=5,
)
ONE = [{"text": "a", "number": 1, "list": [b"xy"]}]


def decoded(data: bytes) -> list[dict[str, Any]]:
    return decode_records(data, SCHEMA, "the file", dict)


def file_of(schema: object, body: bytes, count: int = 1, codec: str = "deflate") -> bytes:
    return Header(json.dumps(schema), SYNC, codec).encode() + encode_block(body, count, SYNC)


def refused(data: bytes, problem: str) -> None:
    with pytest.raises(IntegrityError, match=f"^the file is not of the known form: .*{problem}"):
        decoded(data)


@given(RECORDS)
def test_records_come_back_and_fastavro_reads_them(items: list[dict[str, Any]]) -> None:
    data = encode_records(SCHEMA, items)
    assert decoded(data) == items == list(fastavro.reader(io.BytesIO(data)))
    assert encode_records(SCHEMA, list(items)) == data


@given(RECORDS)
def test_a_file_that_another_writer_made_is_read(items: list[dict[str, Any]]) -> None:
    buffer = io.BytesIO()
    fastavro.writer(buffer, SCHEMA, items, codec="deflate", sync_interval=9)
    assert decoded(buffer.getvalue()) == items


@given(RECORDS, st.integers(0, 10**6), st.integers(1, 255))
def test_an_inverted_bit_is_other_records_or_an_integrity_error(
    items: list[dict[str, Any]], place: int, mask: int
) -> None:
    data = bytearray(encode_records(SCHEMA, items))
    data[place % len(data)] ^= mask
    with suppress(IntegrityError):
        decoded(bytes(data))


@given(st.binary(max_size=60), st.integers(-9, 2**63 - 1))
def test_any_bytes_in_a_block_are_records_or_an_integrity_error(body: bytes, count: int) -> None:
    block = encode_long(count) + encode_block(body, 1, SYNC)[1:]
    with suppress(IntegrityError):
        decoded(Header(json.dumps(SCHEMA), SYNC).encode() + block)


NOTHING_REPEATED = {"type": "array", "items": "null"}
SELF = {"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]}


@pytest.mark.parametrize(
    "schema", [NOTHING_REPEATED, SELF, "null", {**SCHEMA, "name": "S"}, {**SCHEMA, "fields": SCHEMA["fields"][:2]}]
)
def test_another_schema_is_never_decoded_with(schema: object) -> None:
    """A trillion nulls take no byte, and a record in a record in a record ends the stack."""
    refused(file_of(schema, encode_long(1 << 40) + b"\x02" * 100_000), "names another schema")


def test_a_schema_that_is_none_is_an_integrity_error() -> None:
    for text in ("", "{", "[" * 100_000, '"R"', "1e999", "{}"):
        refused(Header(text, SYNC).encode(), "")


@pytest.mark.parametrize("codec", ["null", "snappy", "zstandard", "bzip2", "xz", ""])
def test_another_codec_is_refused(codec: str) -> None:
    refused(file_of(SCHEMA, b"", 0, codec), "or another codec")


def test_more_records_than_there_are_bytes_end_at_the_last_byte() -> None:
    body = encode_bytes(b"a") + encode_long(1) + encode_long(0)
    assert decoded(file_of(SCHEMA, body)) == [{"text": "a", "number": 1, "list": []}]
    refused(file_of(SCHEMA, body, 2**62), "")
    refused(file_of(SCHEMA, body + b"\0"), "bytes behind the last record")


def test_a_file_that_inflates_without_end_takes_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST_FILE", 1 << 20)
    data = file_of(SCHEMA, bytes(200 << 20), 1 << 30)
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        refused(data, "holds more bytes than it should")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_no_file_is_written_that_no_reader_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(encode_records(SCHEMA, [])) + 100
    monkeypatch.setattr(records, "LARGEST_FILE", size)
    items = [{"text": "x" * 90, "number": 1, "list": []}]
    assert decoded(encode_records(SCHEMA, items)) == items
    with pytest.raises(RefusedError, match="Give a larger --chunk_size"):
        encode_records(SCHEMA, items * 99)


def test_what_is_made_of_a_record_may_refuse_it() -> None:
    def refuse(record: dict[str, Any]) -> None:
        raise ValueError(f"{record['text']} is bad")

    with pytest.raises(IntegrityError, match=r"^the file is not of the known form: a is bad\.$"):
        decode_records(encode_records(SCHEMA, ONE), SCHEMA, "the file", refuse)
