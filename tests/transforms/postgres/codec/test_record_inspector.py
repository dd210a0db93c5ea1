import json
from array import array
from io import BytesIO
from itertools import accumulate
from random import Random

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.postgres.canonical_rows import (
    EVERY,
    NO_COLUMNS,
    VALUES,
    Cell,
    Schema,
    as_bytes,
    bits_schema,
    column,
    null,
    read,
    record,
    records,
    rows,
    two_complement,
    write,
)
from transforms.errors import IntegrityError
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import UNCHECKED, Form, program
from transforms.postgres.codec.record_inspector import inspect

SMALL = [column(Form.TEXT), column(Form.INT4), column(Form.DATE), column(Form.NUMERIC), column(Form.BOOL)]


def field(form: Form, data: bytes, precision: int = 0, scale: int = 0) -> "array[int]":
    return inspect(program([column(form, precision=precision, scale=scale)]), data)


def long(number: int) -> bytes:
    return primitive("long", number)


def primitive(name: str, value: object) -> bytes:
    output = BytesIO()
    fastavro.schemaless_writer(output, name, value)
    return output.getvalue()


def written_again(schema: Schema, data: bytes, count: int) -> bytes:
    source = BytesIO(data)
    return b"".join(write(schema, read(schema, source)) for _ in range(count))


@settings(max_examples=50)
@given(rows(EVERY), st.sampled_from([bytes, bytearray, memoryview]))
def test_records_that_fastavro_wrote_pass_and_end_where_they_end(
    table: list[tuple[Cell, ...]], kind: "type[bytes]"
) -> None:
    pieces = [record(EVERY, row) for row in table]
    assert inspect(program(EVERY), kind(b"".join(pieces))) == array("Q", accumulate(map(len, pieces)))


def test_objects_of_python_written_through_the_logical_types_pass() -> None:
    schema = fastavro.parse_schema(json.loads(avro_schema("t", EVERY)))
    values = {each.field: None for each in EVERY}
    output = BytesIO()
    fastavro.schemaless_writer(output, schema, values)
    assert len(inspect(program(EVERY), output.getvalue())) == 1


@settings(max_examples=20)
@given(rows(SMALL, most=2))
def test_no_beginning_of_the_records_but_whole_ones_passes(table: list[tuple[Cell, ...]]) -> None:
    data, code = records(SMALL, table), program(SMALL)
    ends = {0, *inspect(code, data)}
    for size in range(len(data)):
        if size not in ends:
            with pytest.raises(IntegrityError):
                inspect(code, data[:size])


@settings(max_examples=50)
@given(st.tuples(*(VALUES[each.form] | st.just(null(each.form)) for each in EVERY)), st.integers(0, 2**32).map(Random))
def test_a_changed_byte_is_refused_or_makes_other_canonical_records(row: tuple[Cell, ...], random: Random) -> None:
    data, code, schema = record(EVERY, row), program(EVERY), bits_schema(EVERY)
    for place in range(len(data)):
        for byte in {0, 1, 2, 127, 128, 255, random.randrange(256)} - {data[place]}:
            changed = data[:place] + bytes([byte]) + data[place + 1 :]
            try:
                count = len(inspect(code, changed))
            except IntegrityError:
                continue
            assert written_again(schema, changed, count) == changed


@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_are_canonical_records(data: bytes) -> None:
    try:
        count = len(inspect(program(SMALL), data))
    except IntegrityError:
        return
    assert written_again(bits_schema(SMALL), data, count) == data


def test_a_table_without_columns_has_one_byte_a_row() -> None:
    assert records(NO_COLUMNS, [(Cell((True,), ""),)] * 3) == b"\x01\x01\x01"
    assert list(inspect(program(NO_COLUMNS), b"\x01\x01\x01")) == [1, 2, 3]


def test_no_records_have_no_ends() -> None:
    assert inspect(program(SMALL), b"") == array("Q")


LONG = b"\x80\x00"
NOT_CANONICAL = {
    "presence false": (Form.PRESENCE, b"\x00", "is not true"),
    "index 2": (Form.BOOL, b"\x04", "neither 0 nor 1"),
    "index of two bytes": (Form.BOOL, b"\x82\x00\x01", "neither 0 nor 1"),
    "no value": (Form.BOOL, b"\x02", "cut off"),
    "boolean of 2": (Form.BOOL, b"\x02\x02", "a boolean"),
    "varint with a needless byte": (Form.INT8, b"\x02" + LONG, "shortest varint"),
    "varint beyond 64 bits": (Form.INT8, b"\x02" + b"\xff" * 9 + b"\x02", "shortest varint"),
    "int2 of 32768": (Form.INT2, b"\x02\x80\x80\x04", "out of the range"),
    "int4 of 2147483648": (Form.INT4, b"\x02\x80\x80\x80\x80\x10", "out of the range"),
    "float cut off": (Form.FLOAT4, b"\x02\x00\x00\x00", "cut off"),
    "double cut off": (Form.FLOAT8, b"\x02" + bytes(7), "cut off"),
    "bytes of negative size": (Form.BYTES, b"\x02\x01", "negative"),
    "bytes of a long size": (Form.BYTES, b"\x02" + LONG, "shortest varint"),
    "bytes beyond the end": (Form.BYTES, b"\x02\x04a", "cut off"),
    "bytes larger than memory": (Form.BYTES, b"\x02\xfe" + b"\xff" * 8 + b"\x01", "cut off"),
    "text not UTF-8": (Form.TEXT, b"\x02\x14aaaaaaaaa\xff", "not UTF-8"),
    "text with a surrogate": (Form.TEXT, b"\x02\x06\xed\xa0\x80", "not UTF-8"),
    "text with a zero byte": (Form.TEXT, b"\x02\x02\x00", "zero byte"),
    "long text with a zero byte": (Form.JSONB, b"\x02\x20aaaaaaaaaaa\x00aaaa", "zero byte"),
    "uuid in upper case": (Form.UUID, b"\x02\x48" + b"A0000000-0000-0000-0000-000000000000", "lower case"),
    "uuid with a colon": (Form.UUID, b"\x02\x48" + b"a0000000:0000-0000-0000-000000000000", "lower case"),
    "short uuid": (Form.UUID, b"\x02\x40" + b"a" * 32, "36 characters"),
    "date before 1": (Form.DATE, b"\x02" + long(-719163) + b"\x00", "year of a date"),
    "date after 9999": (Form.DATE, b"\x02" + long(2932897) + b"\x00", "year of a date"),
    "timestamp before 1": (Form.TIMESTAMP, b"\x02" + long(-62135596800000001) + b"\x00", "year of a timestamp"),
    "timestamp after 9999": (Form.TIMESTAMPTZ, b"\x02" + long(253402300800000000) + b"\x00", "year of a timestamp"),
    "date beyond 32 bits": (Form.DATE, b"\x02\x80\x80\x80\x80\x10\x00", "a date is cut off"),
    "time of 24 hours": (Form.TIME, b"\x02" + long(86_400_000_000) + b"\x00", "out of the range"),
    "time below 0": (Form.TIME, b"\x02\x01\x00", "out of the range"),
    "least timestamp": (Form.TIMESTAMP, b"\x02" + b"\xff" * 9 + b"\x01\x00", "a timestamp"),
    "greatest timestamp": (Form.TIMESTAMPTZ, b"\x02\xfe" + b"\xff" * 8 + b"\x01\x00", "year of a timestamp"),
    "both fields": (Form.TIME, b"\x02\x00\x02\x1024:00:00", "both fields"),
    "no second field": (Form.TIME, b"\x02\x00", "cut off"),
    "decimal without bytes": (Form.NUMERIC, b"\x02\x00\x00", "a decimal has no byte"),
    "decimal with a needless zero": (Form.NUMERIC, b"\x02\x04\x00\x01\x00", "more than it needs"),
    "decimal with a needless sign": (Form.NUMERIC, b"\x02\x04\xff\xff\x00", "more than it needs"),
    "decimal beyond its digits": (Form.NUMERIC, b"\x02\x14\x7f" + bytes(9) + b"\x00", "more digits"),
    "decimal of 17 bytes": (Form.NUMERIC, b"\x02\x22\x01" + bytes(16) + b"\x00", "a decimal"),
}


@pytest.mark.parametrize("name", NOT_CANONICAL)
def test_each_fault_is_named(name: str) -> None:
    form, data, fault = NOT_CANONICAL[name]
    with pytest.raises(IntegrityError, match=fault):
        field(form, data)


def test_the_message_tells_record_column_and_offset() -> None:
    with pytest.raises(IntegrityError) as caught:
        inspect(program([column(Form.BOOL), column(Form.INT2)]), b"\x00\x00\x02\x01\x04")
    assert str(caught.value).startswith(
        "PostgreSQL records are not canonical: record 2, column 2, offset 4: the index of a union is neither 0 nor 1."
    )


@pytest.mark.parametrize("precision", [1, 2, 18, 19, 37, 38])
def test_decimals_have_as_many_digits_as_their_column(precision: int) -> None:
    column_ = [column(Form.NUMERIC, precision=precision)]
    for number in (10**precision - 1, -(10**precision) + 1):
        assert len(inspect(program(column_), record(column_, [Cell((two_complement(number), None), "")]))) == 1
    for number in (10**precision, -(10**precision)):
        with pytest.raises(IntegrityError, match="a decimal"):
            inspect(program(column_), record(column_, [Cell((two_complement(number), None), "")]))


@settings(max_examples=20)
@given(rows(EVERY))
def test_texts_of_an_ascii_database_are_not_decoded(table: list[tuple[Cell, ...]]) -> None:
    code = program(EVERY, text_is_bytes=True)
    for row in table:
        cells = [as_bytes(each, cell) for each, cell in zip(EVERY, row, strict=True)]
        assert len(inspect(code, record(EVERY, cells, text_is_bytes=True))) == 1


@pytest.mark.parametrize("form", [Form.TEXT, Form.JSONB, Form.OUTPUT])
def test_an_ascii_database_has_any_byte_but_zero_in_its_texts(form: Form) -> None:
    code = program([column(form)], text_is_bytes=True)
    assert len(inspect(code, b"\x02\x04\xff\xfe")) == 1
    with pytest.raises(IntegrityError, match="zero byte"):
        inspect(code, b"\x02\x04\xff\x00")


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"\x01",
        b"\x01\x00\x00\x02",
        bytes([17, 0, 0]),
        bytes([Form.NUMERIC, 0, 0]),
        bytes([Form.NUMERIC, 39, 0]),
        bytes([Form.NUMERIC, 5, 6]),
        bytes([Form.BYTES | UNCHECKED, 0, 0]),
    ],
    ids=bytes.hex,
)
def test_a_program_of_unknown_columns_is_an_error_of_the_caller(code: bytes) -> None:
    with pytest.raises(ValueError, match="program"):
        inspect(code, b"\x00")


def test_null_of_two_fields_has_two_unions() -> None:
    assert list(inspect(program([column(Form.TIME)]), records([column(Form.TIME)], [(null(Form.TIME),)] * 2))) == [2, 4]
