"""The reader of mutation responses, held against protobuf."""

from typing import Any

import grpc
import pytest
from google.cloud.bigtable import data
from google.cloud.bigtable_v2.types import bigtable
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.bigtable.codec.test_mutation_encoder import Row, records
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.catalog.table_admin import TableAdmin
from transforms.bigtable.codec.mutate_response import failed_entries
from transforms.bigtable.codec.mutation_encoder import encode
from transforms.errors import IntegrityError

Response: Any = type(bigtable.MutateRowsResponse.pb(bigtable.MutateRowsResponse()))

ANSWERS = st.dictionaries(st.integers(0, 40), st.tuples(st.integers(-(2**31), 2**31 - 1), st.text(max_size=9)))


def message(*answers: tuple[int, int, str]) -> bytes:
    response = Response()
    for index, code, text in answers:
        entry = response.entries.add(index=index)
        entry.status.code, entry.status.message = code, text
    return bytes(response.SerializeToString())


@given(ANSWERS)
def test_failed_entries_are_those_that_protobuf_reads(answers: dict[int, tuple[int, str]]) -> None:
    answered = bytearray(41)
    found = failed_entries(message(*((index, *status) for index, status in answers.items())), answered)
    assert found == [(index, *status) for index, status in answers.items() if status[0]]
    assert {index for index in range(41) if answered[index]} == set(answers)


def test_an_entry_without_a_status_succeeded() -> None:
    response = Response()
    response.entries.add()
    answered = bytearray(1)
    assert failed_entries(response.SerializeToString(), answered) == []
    assert answered == b"\x01"


def test_fields_that_are_not_needed_are_skipped() -> None:
    response = Response()
    response.rate_limit_info.factor = 0.5
    response.rate_limit_info.period.seconds = 10
    entry = response.entries.add(index=1)
    entry.status.code, entry.status.message = 5, "no family"
    entry.status.details.add(type_url="type.googleapis.com/x", value=b"\x00\xff")
    unknown = b"\x2d1234" + b"\x31abcdefgh" + b"\x38\x01"
    assert failed_entries(unknown + response.SerializeToString() + unknown, bytearray(2)) == [(1, 5, "no family")]


def test_a_message_that_is_not_utf8_is_read_with_replacements() -> None:
    status = b"\x08\x03\x12\x01\xff"
    entry = b"\x12" + bytes([len(status)]) + status
    assert failed_entries(b"\x0a" + bytes([len(entry)]) + entry, bytearray(1)) == [(0, 3, "\ufffd")]


def test_the_emulator_takes_our_requests_and_names_the_entry_that_fails(bigtable_emulator: str) -> None:
    admin = TableAdmin("p", "i-response")
    admin.create("t", TableSchema({"f": FamilySchema()}), RestoreMark("backup", "t"))
    rows: list[Row] = [
        (b"a", [("f", b"\xff", 2_000, b"1"), ("f", b"\xff", 1_000, b"")]),
        (b"b", [("missing", b"q", 1_000, b"2")]),
        (b"c", [("f", b"", 0, b"3")]),
    ]
    request = encode(records(*rows), admin.table_name("t"), "")[0]
    answered = bytearray(3)
    with grpc.insecure_channel(bigtable_emulator, options=[("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_stream("/google.bigtable.v2.Bigtable/MutateRows", bytes, bytes)
        failed = [item for message in call(request.data, timeout=30) for item in failed_entries(message, answered)]
    assert answered == b"\x01\x01\x01"
    assert [(index, "missing" in text) for index, code, text in failed] == [(1, True)]
    assert request.key(failed[0][0]) == b"b"
    with data.BigtableDataClient(project="p") as client, client.get_table("i-response", "t") as table:
        found = table.read_rows(data.ReadRowsQuery())
    cells = [[(c.family, c.qualifier, c.timestamp_micros, c.value) for c in row.cells] for row in found]
    assert cells == [rows[0][1], rows[2][1]]


@pytest.mark.parametrize("index", [2, -1, 2**40])
def test_an_answer_to_no_entry_is_refused(index: int) -> None:
    with pytest.raises(IntegrityError, match=f"answers entry {index} of a MutateRows request of 2 entries"):
        failed_entries(message((index, 0, "")), bytearray(2))


def test_a_second_answer_is_refused() -> None:
    answered = bytearray(2)
    failed_entries(message((1, 0, "")), answered)
    with pytest.raises(IntegrityError, match="entry 1 of a MutateRows request twice"):
        failed_entries(message((0, 0, ""), (1, 4, "late")), answered)


@pytest.mark.parametrize(
    "content", [b"\x0a", b"\x0a\x05\x08", b"\x00", b"\x0b", b"\x0f", b"\xff" * 11, b"\x0a\x02\x12\x05"]
)
def test_a_malformed_message_is_refused(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="malformed"):
        failed_entries(content, bytearray(9))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        failed = failed_entries(content, bytearray(99))
    except IntegrityError:
        return
    assert all(0 <= index < 99 for index, _, _ in failed)
