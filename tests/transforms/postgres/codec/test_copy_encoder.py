"""What our COPY data is to psycopg and to the transcoder; `test_copy_load.py` asks the server."""

import math
import struct
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.adapt import Transformer

from tests.transforms.postgres.canonical_rows import (
    EVERY,
    NATIVE,
    TYPES,
    Cell,
    as_bytes,
    cells,
    column,
    null,
    record,
    records,
    rows,
)
from transforms.errors import IntegrityError
from transforms.postgres.codec.column import Form, program
from transforms.postgres.codec.copy_encoder import encode_binary, encode_text
from transforms.postgres.codec.copy_transcoder import CopyTranscoder

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
Encoder = Callable[[bytes, bytes], bytes]
ENCODERS: dict[str, Encoder] = {"binary": encode_binary, "text": encode_text}


def fields_of(data: bytes, columns: int) -> Iterator[list[bytes | None]]:
    """The rows of binary COPY data."""
    assert data.startswith(HEADER)
    place = len(HEADER)
    while data[place:] != TRAILER:
        assert struct.unpack_from(">h", data, place) == (columns,)
        place += 2
        row: list[bytes | None] = []
        for _ in range(columns):
            size = struct.unpack_from(">i", data, place)[0]
            row.append(None if size == -1 else data[place + 4 : place + 4 + size])
            place += 4 + max(size, 0)
        yield row


def loaded(type_name: str, data: bytes | None, form: pq.Format) -> object:
    """What psycopg makes of a value; a date or time that Python does not have is far."""
    if data is None:
        return None
    try:
        value = Transformer().get_loader(psycopg.adapters.types[type_name].oid, form).load(data)
    except psycopg.DataError:
        return "far"
    return "nan" if isinstance(value, float) and math.isnan(value) else value


LOADED = [each for each in NATIVE if each.form not in (Form.FLOAT4, Form.TIMESTAMPTZ)]


@settings(max_examples=50)
@given(rows(LOADED))
def test_the_binary_form_is_to_psycopg_what_the_text_is(table: list[tuple[Cell, ...]]) -> None:
    data = encode_binary(program(LOADED), records(LOADED, table))
    for row, fields in zip(table, fields_of(data, len(LOADED)), strict=True):
        for each, cell, field in zip(LOADED, row, fields, strict=True):
            text = None if cell.text is None else cell.text.encode()
            name = TYPES[each.form]
            expected, found = loaded(name, text, pq.Format.TEXT), loaded(name, field, pq.Format.BINARY)
            assert str(found) == str(expected)


@settings(max_examples=30)
@given(rows(NATIVE))
def test_the_transcoder_makes_the_same_records_of_the_binary_format(table: list[tuple[Cell, ...]]) -> None:
    data = records(NATIVE, table)
    transcoder = CopyTranscoder(program(NATIVE))
    transcoder.feed(HEADER)
    for fields in fields_of(encode_binary(program(NATIVE), data), len(NATIVE)):
        sized = [b"\xff" * 4 if each is None else struct.pack(">i", len(each)) + each for each in fields]
        transcoder.feed(struct.pack(">h", len(fields)) + b"".join(sized))
    transcoder.feed(TRAILER)
    assert transcoder.take()[1] == data


@given(st.lists(cells(column(Form.TEXT))), st.lists(cells(column(Form.TEXT))))
def test_texts_of_an_ascii_database_are_encoded_as_they_are(first: list[Cell], other: list[Cell]) -> None:
    columns = [column(Form.TEXT, "a"), column(Form.JSONB, "b")]
    table = [[*row] for row in zip(first, other, strict=False)]
    held = [[as_bytes(each, cell) for each, cell in zip(columns, row, strict=True)] for row in table]
    data = b"".join(record(columns, row, text_is_bytes=True) for row in held)
    for encoder in ENCODERS.values():
        assert encoder(program(columns, True), data) == encoder(program(columns), records(columns, table))


def test_bytes_that_are_no_utf8_pass_through_for_an_ascii_database() -> None:
    code = program([column(Form.TEXT)], text_is_bytes=True)
    assert encode_text(code, b"\x02\x06\xff\t\xfe") == b"\xff\\t\xfe\n"
    assert encode_binary(code, b"\x02\x04\xff\xfe") == HEADER + b"\0\1\0\0\0\2\xff\xfe" + TRAILER


def test_lines_of_text_are_escaped() -> None:
    columns = [column(Form.TEXT), column(Form.BYTES), column(Form.BOOL), column(Form.TIMESTAMPTZ)]
    row = (Cell(("\\.\b\t\n\v\f\r\x01\x7f",), ""), Cell((b"\x00\xff",), ""), Cell((True,), ""), Cell((1, None), ""))
    nulls = tuple(null(each.form) for each in columns)
    assert encode_text(program(columns), records(columns, [row, nulls])) == (
        b"\\\\.\\b\\t\\n\\v\\f\\r\x01\x7f\t\\\\x00ff\tt\t1970-01-01 00:00:00.000001+00\n\\N\t\\N\t\\N\t\\N\n"
    )


@given(st.text(st.characters(codec="ascii", exclude_characters="\0")))
def test_an_escaped_text_is_what_psycopg_writes(text: str) -> None:
    escaped = text
    for plain, mark in ("\\\\", "\bb", "\tt", "\nn", "\vv", "\ff", "\rr"):
        escaped = escaped.replace(plain, f"\\{mark}")
    columns = [column(Form.TEXT)]
    assert encode_text(program(columns), record(columns, [Cell((text,), "")])) == f"{escaped}\n".encode()


@given(st.floats(allow_nan=False))
def test_the_text_of_a_float_is_that_float(number: float) -> None:
    text = encode_text(program([column(Form.FLOAT8)]), record([column(Form.FLOAT8)], [Cell((number,), "")]))
    assert repr(float(text)) == repr(number)


@given(st.floats(1e-4, 1e10) | st.integers(0, 10**11).map(lambda number: number / 1000))
def test_the_text_of_an_ordinary_float_is_that_float(number: float) -> None:
    text = encode_text(program([column(Form.FLOAT8)]), record([column(Form.FLOAT8)], [Cell((-number,), "")]))
    assert float(text) == -number


def test_no_records_are_no_rows() -> None:
    assert encode_binary(program(NATIVE), b"") == HEADER + TRAILER
    assert encode_text(program(NATIVE), b"") == b""


def test_the_text_of_an_output_function_has_no_binary_form() -> None:
    with pytest.raises(ValueError, match="column 16 is the text of an output function"):
        encode_binary(program(EVERY), b"")


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_bytes_that_are_no_canonical_records_are_refused(encoder: Encoder) -> None:
    with pytest.raises(IntegrityError, match="record 2, column 1, offset 2: the index of a union"):
        encoder(program([column(Form.BOOL)]), b"\x02\x01\x03")
    with pytest.raises(IntegrityError, match="record 1, column 2, offset 1: the record is cut off"):
        encoder(program([column(Form.BOOL), column(Form.BOOL)]), b"\x00")
    with pytest.raises(ValueError, match="program"):
        encoder(b"", b"\x00")
