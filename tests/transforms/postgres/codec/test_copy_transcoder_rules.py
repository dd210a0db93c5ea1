"""What is no stream that PostgreSQL sends: an error, never a wrong record and never a crash."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.postgres.copy_stream import HEADER, SIGNATURE, TRAILER, column, decoded, row
from transforms.errors import IntegrityError
from transforms.postgres.codec.column import Column, Form, program
from transforms.postgres.codec.copy_transcoder import CopyTranscoder
from transforms.postgres.codec.record_inspector import inspect

DAY = 86_400_000_000
COLUMNS = [column(form, form.name.lower(), 9, 3) for form in Form if form]
NUMBER = struct.pack(">hhHh2H", 2, 0, 0x4000, 3, 12, 3450)
VALID = row(
    b"\1", struct.pack(">h", -7), struct.pack(">i", 7), struct.pack(">q", -7), struct.pack(">f", 0.5),
    struct.pack(">d", 0.5), b"\0\xff", "é text".encode(), b"\1{}", bytes(range(16)), struct.pack(">i", 2**31 - 1),
    struct.pack(">q", DAY), struct.pack(">q", -(2**63)), struct.pack(">q", 0), NUMBER, b"output",
)  # fmt: skip


def broken(columns: list[Column], *stream: bytes, ctid: bool = False) -> str:
    """What is said about a stream that must be refused."""
    transcoder = CopyTranscoder(program(columns), ctid=ctid)
    for message in stream[:-1]:
        transcoder.feed(message)
    with pytest.raises(IntegrityError) as caught:
        transcoder.feed(stream[-1])
    with pytest.raises(IntegrityError):
        transcoder.feed(TRAILER)
    return str(caught.value)


def numeric(groups: list[int], weight: int = 0, sign: int = 0, scale: int = 3, count: int | None = None) -> bytes:
    head = struct.pack(">HhHH", len(groups) if count is None else count, weight, sign, scale)
    return head + struct.pack(f">{len(groups)}H", *groups)


def test_the_valid_row_is_valid() -> None:
    transcoder = CopyTranscoder(program(COLUMNS))
    for message in (HEADER, VALID, TRAILER):
        transcoder.feed(message)
    (found,) = decoded(COLUMNS, transcoder.take()[1])
    assert (found["date_xtext"], found["time_xtext"], str(found["numeric"])) == ("infinity", "24:00:00", "-12.345")


def test_header_rows_and_trailer_may_share_a_message() -> None:
    transcoder = CopyTranscoder(program(COLUMNS))
    transcoder.feed(HEADER + VALID + VALID + TRAILER)
    assert transcoder.rows == 2


def test_an_extension_of_the_header_is_skipped() -> None:
    transcoder = CopyTranscoder(program(COLUMNS))
    transcoder.feed(SIGNATURE + struct.pack(">II", 0x0000FFFF, 5) + b"12345" + VALID)
    assert transcoder.rows == 1


@pytest.mark.parametrize("size", range(1, len(HEADER)))
def test_a_header_cut_anywhere_is_refused(size: int) -> None:
    assert "row 1" in broken(COLUMNS, HEADER[:size])


@pytest.mark.parametrize("size", range(1, len(VALID)))
def test_a_row_cut_anywhere_is_refused(size: int) -> None:
    said = broken(COLUMNS, HEADER + VALID, VALID[:size])
    assert "row 2" in said
    assert "a message ends inside" in said


@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        ([b"PGCOPY\n\xff\r\n\1" + bytes(8)], "does not begin with the signature"),
        ([SIGNATURE + struct.pack(">II", 0x10000, 0)], "flag that changes the format"),
        ([SIGNATURE + struct.pack(">II", 0, 1)], "a message ends inside of a header"),
        ([HEADER, row()], "another number of fields"),
        ([HEADER, row(b"\1\1\1\1", None)], "another number of fields"),
        ([HEADER, b"\xff\xfe"], "another number of fields"),
        ([HEADER, b"\0\1\xff\xff\xff\xfe"], "a size is negative"),
        ([HEADER, b"\0\1\x7f\xff\xff\xff1234"], "a size is negative"),
        ([HEADER, TRAILER, row(None)], "bytes follow the trailer"),
        ([HEADER, TRAILER + b"\0"], "bytes follow the trailer"),
    ],
)
def test_a_stream_that_breaks_the_format_is_refused(stream: list[bytes], rule: str) -> None:
    assert rule in broken([column(Form.INT4)], *stream)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Form.BOOL, b""), (Form.BOOL, b"\2"), (Form.BOOL, b"\1\1"), (Form.INT2, b"\0"), (Form.INT4, bytes(8)),
        (Form.INT8, bytes(4)), (Form.FLOAT4, bytes(8)), (Form.FLOAT8, bytes(4)), (Form.UUID, bytes(15)),
        (Form.TEXT, b"\xff"), (Form.TEXT, b"123456789\xe9"), (Form.TEXT, b"1234567\0"), (Form.OUTPUT, b"\xed\xa0\x80"),
        (Form.TEXT, b"12345678\xc3\xa9\0"), (Form.JSONB, b""), (Form.JSONB, b"\2{}"), (Form.JSONB, b"\1\xff"),
        (Form.DATE, bytes(8)), (Form.DATE, struct.pack(">i", -2451546)), (Form.DATE, struct.pack(">i", 2145031949)),
        (Form.TIME, bytes(4)), (Form.TIME, struct.pack(">q", -1)), (Form.TIME, struct.pack(">q", DAY + 1)),
        (Form.TIMESTAMP, bytes(4)), (Form.TIMESTAMP, struct.pack(">q", -2451545 * DAY - 1)),
        (Form.TIMESTAMPTZ, struct.pack(">q", 106751983 * DAY)),
        (Form.NUMERIC, b""), (Form.NUMERIC, numeric([1], count=2)), (Form.NUMERIC, numeric([1, 2], count=1)),
        (Form.NUMERIC, numeric([10000])), (Form.NUMERIC, numeric([1], sign=1)),
        (Form.NUMERIC, numeric([1], sign=0xC000)),
        (Form.NUMERIC, numeric([1, 1], scale=3)), (Form.NUMERIC, numeric([1, 1], scale=0)),
        (Form.NUMERIC, numeric([1], scale=0x4000)), (Form.NUMERIC, numeric([1], weight=-3)),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_type_is_refused(form: Form, value: bytes) -> None:
    columns = [column(Form.INT4, "a"), column(form, "b", 9, 3)]
    said = broken(columns, HEADER + row(None, value))
    assert f"row 1, column 2: a value of form {form.name} is not valid" in said


@pytest.mark.parametrize("tid", [None, b"", bytes(5), bytes(7)])
def test_a_ctid_is_six_bytes(tid: bytes | None) -> None:
    assert "row 1: a row's ctid" in broken([column(Form.INT4)], HEADER + row(tid, None), ctid=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [((1, 1), (1, 1)), ((1, 2), (1, 1)), ((2, 1), (1, 2)), ((2**32 - 1, 1), (2**31 - 1, 1)), ((0, 1), (0, 1))],
)
def test_ctids_ascend_across_takes(before: tuple[int, int], after: tuple[int, int]) -> None:
    transcoder = CopyTranscoder(program([column(Form.INT4)]), ctid=True)
    transcoder.feed(HEADER + row(struct.pack(">IH", *before), None))
    transcoder.take()
    with pytest.raises(IntegrityError, match="ascending order of ctid"):
        transcoder.feed(row(struct.pack(">IH", *after), None))


@given(st.data())
def test_bytes_changed_anywhere_are_refused_or_are_records(data: st.DataObject) -> None:
    stream = bytearray(HEADER + VALID + VALID)
    for place in data.draw(st.lists(st.integers(19, len(stream) - 1), min_size=1, max_size=4)):
        stream[place] = data.draw(st.integers(0, 255))
    transcoder = CopyTranscoder(program(COLUMNS), keys=[7, 14])
    try:
        transcoder.feed(bytes(stream))
    except IntegrityError:
        return
    rows, records, ends, _, _ = transcoder.take()
    assert len(decoded(COLUMNS, records)) == rows
    assert inspect(program(COLUMNS), records) == ends


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        (b"", []), (b"\1\0", []), (b"\x11\0\0", []), (b"\x0f\x27\0", []), (b"\x0f\5\6", []), (b"\x0f\0\0", []),
        (b"\3\0\0", [1]), (b"\3\0\0", [-1]), (b"\3\0\0", [0, 0]), (b"\0\0\0", [0]), (b"\x83\0\0", []),
    ],
)  # fmt: skip
def test_a_program_that_makes_no_sense_is_refused(code: bytes, keys: list[int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        CopyTranscoder(code, keys)


def test_words_about_a_broken_stream_say_what_to_do() -> None:
    said = broken([column(Form.INT4)], HEADER + row(b"1"))
    assert said.startswith("PostgreSQL's COPY stream is broken in row 1, column 1: ")
    assert said.endswith("Run it again; if it repeats, the server or a proxy before it is at fault.")
