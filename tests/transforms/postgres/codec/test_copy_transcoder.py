"""The transcoder's values, against psycopg's dumpers, fastavro and real servers."""

import io
import json
import math
import struct
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.copy_stream import column, decoded, records_of, row, rows_of
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import DUAL, Column, Form

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES: dict[Form, tuple[str, st.SearchStrategy[Any]]] = {
    Form.BOOL: ("bool", st.booleans()),
    Form.INT2: ("int2", st.integers(-(2**15), 2**15 - 1)),
    Form.INT4: ("int4", st.integers(-(2**31), 2**31 - 1)),
    Form.INT8: ("int8", st.integers(-(2**63), 2**63 - 1)),
    Form.FLOAT4: ("float4", st.floats(width=32, allow_nan=False)),
    Form.FLOAT8: ("float8", st.floats(allow_nan=False)),
    Form.BYTES: ("bytea", st.binary()),
    Form.TEXT: ("text", TEXTS),
    Form.OUTPUT: ("text", TEXTS),
    Form.UUID: ("uuid", st.uuids()),
    Form.DATE: ("date", st.dates()),
    Form.TIME: ("time", st.times()),
    Form.TIMESTAMP: ("timestamp", st.datetimes()),
    Form.TIMESTAMPTZ: ("timestamptz", st.datetimes(timezones=st.just(timezone.utc))),
}
YEARS = st.integers(1, 294275).map(lambda year: f"{year:04}")
CLOCK = st.sampled_from(["00:00:00", "23:59:59.999999", "12:30:01.5", "00:00:00.000001", "07:08:09.12345"])


def dumped(kind: str, value: object) -> bytes:
    """The binary form of a value, by psycopg's dumper."""
    oid = psycopg.adapters.types[kind].oid
    dumper = psycopg.adapters.get_dumper_by_oid(oid, psycopg.pq.Format.BINARY)
    return bytes(dumper(type(value), None).dump(value) or b"")


def written(columns: list[Column], record: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    schema = fastavro.parse_schema(json.loads(avro_schema("t", columns)))
    fastavro.schemaless_writer(stream, schema, record)
    return stream.getvalue()


def decimal_of(text: str, precision: int, scale: int) -> dict[str, Any]:
    columns = [column(Form.NUMERIC, precision=precision, scale=scale)]
    return decoded(columns, records_of(columns, [row(dumped("numeric", Decimal(text)))]))[0]


@pytest.mark.parametrize("form", VALUES)
@given(data=st.data())
def test_what_psycopg_dumps_becomes_what_fastavro_writes(form: Form, data: st.DataObject) -> None:
    kind, values = VALUES[form]
    columns = [column(form, "a"), column(form, "b")]
    value = data.draw(values)
    assert records_of(columns, [row(dumped(kind, value), None)]) == written(columns, {"a": value, "b": None})


@given(st.integers(-(10**38) + 1, 10**38 - 1) | st.integers(-(2**33), 2**33), st.integers(0, 38))
def test_a_decimal_keeps_its_value_and_takes_the_fewest_bytes(unscaled: int, scale: int) -> None:
    columns = [column(Form.NUMERIC, precision=38, scale=scale)]
    value = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
    records = records_of(columns, [row(dumped("numeric", value))])
    size = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
    assert records == bytes([2, 2 * size]) + unscaled.to_bytes(size, "big", signed=True) + b"\0"
    assert decoded(columns, records) == [{"c": value, "c_xtext": None}]


@pytest.mark.parametrize("scale", range(39))
def test_the_largest_decimals_of_38_digits_fit(scale: int) -> None:
    for sign in ("", "-"):
        digits = "9" * 38
        text = f"{sign}{digits[scale:] or '0'}.{digits[:scale]}" if scale else sign + digits
        assert decimal_of(text, 38, scale) == {"c": Decimal(text), "c_xtext": None}


@pytest.mark.parametrize(
    ("text", "precision", "scale"),
    [
        ("1.5", 5, 2),
        ("1.500", 5, 2),
        ("1000.00", 5, 2),
        ("-0.5", 5, 0),
        ("0.00001", 5, 2),
        ("NaN", 5, 2),
        ("1E40", 38, 0),
    ],
)
def test_a_numeric_that_its_column_would_not_show_so_is_text(text: str, precision: int, scale: int) -> None:
    assert decimal_of(text, precision, scale) == {"c": None, "c_xtext": f"{Decimal(text):f}"}


@given(TEXTS)
def test_a_jsonb_loses_its_version_byte(text: str) -> None:
    columns = [column(Form.JSONB)]
    assert decoded(columns, records_of(columns, [row(b"\x01" + text.encode())])) == [{"c": text}]


@pytest.mark.parametrize("bits", ["7fc00000", "ffc00001", "80000000", "7f800000", "00000001"])
def test_every_bit_of_a_float_stays(bits: str) -> None:
    columns = [column(Form.FLOAT4)]
    assert records_of(columns, [row(bytes.fromhex(bits))]) == b"\x02" + bytes.fromhex(bits)[::-1]


@given(st.binary().filter(lambda text: 0 not in text))
def test_texts_of_unknown_encoding_are_bytes(text: bytes) -> None:
    columns = [column(Form.TEXT, "a"), column(Form.OUTPUT, "b"), column(Form.JSONB, "d")]
    records = records_of(columns, [row(text, text, b"\x01" + text)], text_is_bytes=True)
    assert decoded(columns, records, text_is_bytes=True) == [{"a": text, "b": text, "d": text}]


def test_every_form_has_its_null() -> None:
    columns = [column(form, form.name.lower(), 5, 2) for form in Form if form]
    (found,) = decoded(columns, records_of(columns, [row(*[None] * len(columns))]))
    assert set(found.values()) == {None}
    assert len(found) == len(columns) + len(DUAL)


def logical(text: str, form: Form) -> object:
    """What a server's text of an ordinary value means to Python."""
    if form == Form.DATE:
        return date.fromisoformat(text)
    if form == Form.TIME:
        return time.fromisoformat(f"{text:0<15}" if "." in text else text)
    whole, _, fraction = text.removesuffix("+00").partition(".")
    moment = datetime.fromisoformat(whole) + timedelta(microseconds=int(f"{fraction:0<6}"))
    return moment.replace(tzinfo=timezone.utc) if form == Form.TIMESTAMPTZ else moment


def check_moments(server: PostgresServer, form: Form, texts: list[str]) -> None:
    """Hold the transcoder to the server's own text of each value."""
    values = ", ".join(f"('{text}'::{form.name})" for text in texts)
    select = f"SELECT v, format('%s', v) FROM (VALUES {values}) AS t (v)"
    for found in rows_of(server, [column(form), column(Form.OUTPUT, "text")], select):
        text = found["text"]
        is_year = "BC" not in text and "infinity" not in text and text.find("-") <= 4
        is_common = text != "24:00:00" and (is_year or form == Form.TIME)
        assert (found["c"], found["c_xtext"]) == ((logical(text, form), None) if is_common else (None, text))


EXTREMES = {
    Form.DATE: [
        "4714-11-24 BC", "0001-12-31 BC", "0001-01-01", "1970-01-01", "2000-02-29", "9999-12-31", "10000-01-01",
        "5874897-12-31", "infinity", "-infinity", "0044-03-15 BC", "0005-02-28 BC", "0005-02-29 BC", "0101-02-28 BC",
    ],
    Form.TIME: ["00:00:00", "24:00:00", "23:59:59.999999", "00:00:00.000001", "12:00:00.5"],
    Form.TIMESTAMP: [
        "4714-11-24 00:00:00 BC", "0001-12-31 23:59:59.999999 BC", "0001-01-01", "1969-12-31 23:59:59.999999",
        "9999-12-31 23:59:59.999999", "10000-01-01", "294276-12-31 23:59:59.999999", "infinity", "-infinity",
        "4714-11-24 00:00:00.000001 BC", "0044-03-15 10:00:00.25 BC",
    ],
}  # fmt: skip
EXTREMES[Form.TIMESTAMPTZ] = [
    text.replace(" BC", "+00 BC") if "BC" in text else text + "+00" if ":" in text else text
    for text in EXTREMES[Form.TIMESTAMP]
]


@pytest.mark.parametrize("form", EXTREMES)
def test_dates_and_times_are_logical_or_the_servers_text(postgres: PostgresServer, form: Form) -> None:
    check_moments(postgres, form, EXTREMES[form])


@settings(max_examples=30)
@given(st.lists(st.tuples(YEARS, st.integers(1, 12), st.integers(1, 28), CLOCK, st.booleans()), min_size=30))
def test_far_dates_are_the_servers_text(
    postgres18: PostgresServer, parts: list[tuple[str, int, int, str, bool]]
) -> None:
    moments = [
        f"{int(year) % 4712 + 1:04}-{month:02}-{day:02} {clock} BC" if bc else f"{year}-{month:02}-{day:02} {clock}"
        for year, month, day, clock, bc in parts
    ]
    check_moments(postgres18, Form.TIMESTAMP, moments)


def test_days_all_over_the_calendar_are_the_servers_text(postgres: PostgresServer) -> None:
    days = "SELECT '4714-11-24 BC'::date + i * 99991 AS v FROM generate_series(0, 21476) AS i"
    for found in rows_of(
        postgres, [column(Form.DATE), column(Form.OUTPUT, "text")], f"SELECT v, format('%s', v) FROM ({days}) AS t"
    ):
        assert (str(found["c"]) if found["c"] else found["c_xtext"]) == found["text"]


@settings(max_examples=40)
@given(st.lists(st.decimals(allow_nan=True, allow_infinity=False), min_size=20), st.integers(1, 38), st.data())
def test_numerics_of_any_scale_are_the_servers_text(
    postgres18: PostgresServer, values: list[Decimal], precision: int, data: st.DataObject
) -> None:
    scale = data.draw(st.integers(0, precision))
    texts = ["NaN" if value.is_nan() else str(value) for value in values]
    listed = ", ".join(f"('{text}'::numeric)" for text in texts if -1000 < Decimal(text).adjusted() < 1000)
    columns = [column(Form.NUMERIC, "c", precision, scale), column(Form.OUTPUT, "text")]
    for found in rows_of(postgres18, columns, f"SELECT v, format('%s', v) FROM (VALUES {listed}, (0.0)) AS t (v)"):
        assert found["text"] == (found["c_xtext"] if found["c"] is None else f"{found['c']:f}")
        if found["c"] is not None:
            assert -found["c"].as_tuple().exponent == scale


def test_the_longest_numerics_are_the_servers_text(postgres18: PostgresServer) -> None:
    values = "('1e131071'::numeric), ('-1e131071'::numeric - 1), (1e-16383), ('Infinity'), ('-Infinity'), ('NaN'), (0)"
    columns = [column(Form.NUMERIC, "c", 38, 2), column(Form.TEXT, "d"), column(Form.OUTPUT, "text")]
    select = f"SELECT v, 'behind', format('%s', v) FROM (VALUES {values}) AS t (v)"
    found = rows_of(postgres18, columns, select)
    assert [each["c_xtext"] for each in found] == [each["text"] for each in found]
    assert {each["d"] for each in found} == {"behind"}


def test_native_types_come_from_a_server(postgres: PostgresServer) -> None:
    select = """
        SELECT true, '-32768'::int2, '-2147483648'::int4, '-9223372036854775808'::int8, 'NaN'::float4, '-0'::float8,
               '\\x00ff'::bytea, 'é€😀 text'::varchar, '{"b":  1, "a": 2, "b": 3}'::json, '{"b":  1, "a": 2}'::jsonb,
               'ab'::char(5), '00112233-4455-6677-8899-AABBCCDDEEFF'::uuid, 12.50::numeric(4,2)
    """
    forms = [Form.BOOL, Form.INT2, Form.INT4, Form.INT8, Form.FLOAT4, Form.FLOAT8, Form.BYTES, Form.TEXT, Form.TEXT]
    forms += [Form.JSONB, Form.TEXT, Form.UUID, Form.NUMERIC]
    columns = [column(form, f"c{i:02}", 4, 2) for i, form in enumerate(forms)]
    (found,) = rows_of(postgres, columns, select)
    values = [found[each.field] for each in columns]
    assert math.isnan(values.pop(4))
    assert struct.pack(">d", values.pop(4)) == struct.pack(">d", -0.0)
    assert values == [
        True, -32768, -(2**31), -(2**63), b"\0\xff", "é€😀 text", '{"b":  1, "a": 2, "b": 3}', '{"a": 2, "b": 1}',
        "ab   ", UUID("00112233-4455-6677-8899-aabbccddeeff"), Decimal("12.50"),
    ]  # fmt: skip
