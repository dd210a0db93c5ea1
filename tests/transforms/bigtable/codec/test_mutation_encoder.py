"""The encoder of mutations, held against fastavro (records) and protobuf (requests)."""

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest
from google.cloud.bigtable_v2.types import bigtable
from hypothesis import given
from hypothesis import strategies as st

import transforms.bigtable
from transforms.bigtable.codec.mutate_request import MutateRequest
from transforms.bigtable.codec.mutation_encoder import encode
from transforms.errors import IntegrityError

Cell = tuple[str, bytes, int, bytes]
Row = tuple[bytes, list[Cell]]

SCHEMA: dict[str, Any] = json.loads((Path(transforms.bigtable.__path__[0]) / "bigtable.avsc").read_text())
CELL_SCHEMA = SCHEMA["fields"][1]["type"]["items"]
TABLE = "projects/p/instances/i/tables/t"
Request: Any = type(bigtable.MutateRowsRequest.pb(bigtable.MutateRowsRequest()))

FAMILIES = st.text(st.sampled_from("abcXYZ019-_."), min_size=1, max_size=5)
CELLS = st.tuples(FAMILIES, st.binary(max_size=4), st.integers(0, 2**63 - 1), st.binary(max_size=300))
ROWS = st.tuples(st.binary(min_size=1, max_size=200), st.lists(CELLS, max_size=6))


def avro(schema: dict[str, Any] | str, value: object) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def cell_record(cell: Cell) -> dict[str, Any]:
    return dict(zip(("family", "qualifier", "timestamp", "value"), cell, strict=True))


def record(row: Row) -> bytes:
    return avro(SCHEMA, {"key": row[0], "cells": [cell_record(cell) for cell in row[1]]})


def records(*rows: Row) -> bytes:
    return b"".join(map(record, rows))


def message(rows: list[Row], profile: str = "") -> bytes:
    """What protobuf makes of an entry for each row."""
    request = Request(table_name=TABLE, app_profile_id=profile)
    for key, cells in rows:
        entry = request.entries.add(row_key=key)
        for family, qualifier, timestamp, value in cells:
            cell = entry.mutations.add().set_cell
            cell.family_name, cell.column_qualifier = family, qualifier
            cell.timestamp_micros, cell.value = timestamp, value
    return bytes(request.SerializeToString(deterministic=True))


def entries(request: MutateRequest) -> list[Row]:
    """The entries of a request as protobuf reads them."""
    return [
        (
            entry.row_key,
            [
                (m.set_cell.family_name, m.set_cell.column_qualifier, m.set_cell.timestamp_micros, m.set_cell.value)
                for m in entry.mutations
            ],
        )
        for entry in Request.FromString(request.data).entries
    ]


def row(key: bytes, *values: bytes) -> Row:
    return key, [("f", b"q", place, value) for place, value in enumerate(values)]


@given(st.lists(ROWS, max_size=8), st.sampled_from(["", "batch"]))
def test_a_request_is_what_protobuf_serializes(rows: list[Row], profile: str) -> None:
    kept = [row for row in rows if row[1]]
    requests = encode(records(*rows), TABLE, profile)
    assert [request.data for request in requests] == ([message(kept, profile)] if kept else [])


def test_zero_values_are_left_out_as_proto3_does() -> None:
    rows = [(b"k", [("f", b"", 0, b""), ("f", b"", 1, b"")])]
    assert encode(records(*rows), TABLE, "")[0].data == message(rows)


@pytest.mark.parametrize("timestamp", [0, 1, 127, 128, 2**32, 253402300800000000, 2**63 - 1])
def test_a_timestamp_is_kept_verbatim(timestamp: int) -> None:
    rows = [(b"k", [("f", b"q", timestamp, b"v")])]
    assert entries(encode(records(*rows), TABLE, "")[0]) == rows


@given(st.lists(ROWS, max_size=5), st.integers(1, 7), st.integers(1, 900))
def test_requests_keep_within_the_limits_and_lose_no_cell(rows: list[Row], mutations: int, size: int) -> None:
    requests = encode(records(*rows), TABLE, "p", mutations, size)
    sent = [(key, cell) for request in requests for key, cells in entries(request) for cell in cells]
    assert sent == [(key, cell) for key, cells in rows for cell in cells]
    for request in requests:
        assert request.mutations <= mutations
        assert len(request.data) <= size or request.mutations == 1
        assert request.data == message(entries(request), "p")


def test_a_row_is_cut_only_if_it_alone_is_past_a_limit() -> None:
    small, tall = row(b"small", b"1", b"2"), row(b"tall", b"1", b"2", b"3")
    cut = encode(records(small, tall, small), TABLE, "", most_mutations=2)
    assert [entries(request) for request in cut] == [
        [small],
        [(b"tall", tall[1][:2])],
        [(b"tall", tall[1][2:])],
        [small],
    ]
    whole = encode(records(small, tall, small), TABLE, "", most_mutations=3)
    assert [entries(request) for request in whole] == [[small], [tall], [small]]


def test_a_rest_of_a_cut_row_shares_its_request() -> None:
    tall, small = row(b"tall", b"1", b"2", b"3"), row(b"small", b"1")
    assert [entries(request) for request in encode(records(tall, small), TABLE, "", most_mutations=2)] == [
        [(b"tall", tall[1][:2])],
        [(b"tall", tall[1][2:]), small],
    ]


def test_a_cell_past_the_limit_stands_alone() -> None:
    large = row(b"large", b"1", b"x" * 500, b"3")
    requests = encode(records(row(b"a", b"1"), large, row(b"b", b"1")), TABLE, "", most_bytes=200)
    assert [len(request.data) > 200 for request in requests] == [False, True, False]
    assert [entry[1][0][3] for entry in entries(requests[1])] == [b"x" * 500]


def test_a_request_may_be_exactly_as_large_as_the_limit() -> None:
    rows = [row(b"a", b"1"), row(b"b", b"2")]
    size = len(message(rows))
    assert len(encode(records(*rows), TABLE, "", most_bytes=size)) == 1
    assert len(encode(records(*rows), TABLE, "", most_bytes=size - 1)) == 2


@given(st.lists(st.tuples(st.booleans(), st.lists(CELLS, min_size=1, max_size=3)), max_size=4))
def test_every_legal_blocking_of_the_array_reads_the_same(blocks: list[tuple[bool, list[Cell]]]) -> None:
    data = avro("bytes", b"key")
    for sized, cells in blocks:
        body = b"".join(avro(CELL_SCHEMA, cell_record(cell)) for cell in cells)
        head = avro("long", -len(cells)) + avro("long", len(body)) if sized else avro("long", len(cells))
        data += head + body
    data += avro("long", 0)
    cells = [cell for _, block in blocks for cell in block]
    plain = records((b"key", cells))
    assert encode(data, TABLE, "") == encode(plain, TABLE, "")
    assert encode(data, TABLE, "", 2) == encode(plain, TABLE, "", 2)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_like_object_is_taken(kind: Callable[[bytes], bytes]) -> None:
    rows = [row(b"a", b"1")]
    assert encode(kind(records(*rows)), TABLE, "")[0].data == message(rows)
    assert encode(kind(b""), TABLE, "") == []


@given(st.lists(ROWS.filter(lambda row: bool(row[1])), min_size=1, max_size=6), st.data())
def test_a_part_of_a_request_is_a_request(rows: list[Row], data: st.DataObject) -> None:
    request = encode(records(*rows), TABLE, "batch")[0]
    chosen = data.draw(st.lists(st.sampled_from(range(len(rows))), unique=True))
    part = request.only(chosen)
    assert part.data == message([rows[place] for place in chosen], "batch")
    assert part.mutations == sum(len(rows[place][1]) for place in chosen)
    assert [part.key(place) for place in range(len(part))] == [rows[place][0] for place in chosen]
    assert part.only(range(len(part))) == part


@pytest.mark.parametrize("entry", [-1, 1])
def test_an_entry_that_is_not_there_is_an_error(entry: int) -> None:
    with pytest.raises(IndexError, match="of a request of 1"):
        encode(records(row(b"a", b"1")), TABLE, "")[0].key(entry)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (records((b"k", [("f", b"q", -1, b"v")])), "timestamp of a cell is negative"),
        (records((b"k", [("f", b"q", -(2**63), b"v")])), "timestamp of a cell is negative"),
        (records((b"", [("f", b"q", 1, b"v")])), "row key is empty"),
        (bytes(64), "row key is empty"),
        (records((b"k", [("é", b"q", 1, b"v")])), "not ASCII"),
        (b"\x01", "length is not possible"),
        (b"\xff" * 11, "longer than 64 bits"),
        (avro("bytes", b"k") + avro("long", -1) + avro("long", -1), "length is not possible"),
        (avro("bytes", b"k") + avro("long", -1) + avro("long", 100), "length is not possible"),
        (avro("bytes", b"k") + avro("long", -(2**63)) + avro("long", 0), "length is not possible"),
        (avro("bytes", b"k") + avro("long", 2**62) + b"\x00" * 3, "ends too early"),
    ],
)
def test_a_malformed_record_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(IntegrityError, match=reason):
        encode(data, TABLE, "")


def test_a_record_that_is_cut_short_anywhere_is_refused() -> None:
    data = records((b"key", [("f", b"q", 1 << 40, b"value"), ("g", b"", 0, b"")]))
    for end in range(1, len(data)):
        with pytest.raises(IntegrityError, match="ends too early"):
            encode(data[:end], TABLE, "")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        requests = encode(data, TABLE, "")
    except IntegrityError:
        return
    assert all(message(entries(request)) == request.data for request in requests)


@pytest.mark.parametrize("limits", [(0, 1), (1, 0), (-1, 1)])
def test_a_limit_below_one_is_an_error(limits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        encode(b"", TABLE, "", *limits)


def test_many_rows_fill_many_requests() -> None:
    rows = [row(struct.pack(">I", number), b"x" * 100) for number in range(5000)]
    requests = encode(records(*rows), TABLE, "", most_bytes=1 << 16)
    assert [entry for request in requests for entry in entries(request)] == rows
    assert all((1 << 16) - 200 < len(request.data) <= 1 << 16 for request in requests[:-1])
