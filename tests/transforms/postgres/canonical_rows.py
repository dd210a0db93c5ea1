"""Canonical records written by fastavro, for tests: random cells of every form, with PostgreSQL's own text of each."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from itertools import chain
from typing import Any, cast

import fastavro
from hypothesis import strategies as st

from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import DUAL, TEXTS, Column, Form

Schema = dict[str, Any]
PRECISION, SCALE = 20, 6
UNIX_EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
TYPES = {
    Form.BOOL: "bool",
    Form.INT2: "int2",
    Form.INT4: "int4",
    Form.INT8: "int8",
    Form.FLOAT4: "float4",
    Form.FLOAT8: "float8",
    Form.BYTES: "bytea",
    Form.TEXT: "text",
    Form.JSONB: "jsonb",
    Form.UUID: "uuid",
    Form.DATE: "date",
    Form.TIME: "time",
    Form.TIMESTAMP: "timestamp",
    Form.TIMESTAMPTZ: "timestamptz",
    Form.NUMERIC: "numeric",
    Form.OUTPUT: "interval",
}


@dataclass(frozen=True)
class Cell:
    """A value of one column: what its one or two Avro fields hold, and the text that PostgreSQL reads it from."""

    fields: tuple[Any, ...]
    text: str | None


def column(form: Form, name: str = "", precision: int = 0, scale: int = 0) -> Column:
    """A column of a form; a NUMERIC is numeric(20,6) unless told."""
    if form == Form.NUMERIC and not precision:
        precision, scale = PRECISION, SCALE
    type_name = f"numeric({precision},{scale})" if form == Form.NUMERIC else TYPES.get(form, "")
    return Column(name or form.name.lower(), name or form.name.lower(), type_name, "", form, precision, scale)


EVERY = [column(form) for form in TYPES]
NATIVE = [each for each in EVERY if each.form != Form.OUTPUT]
NO_COLUMNS = [column(Form.PRESENCE, "_xrow")]


def parse(schema: Schema) -> Schema:
    """The schema as fastavro takes it without parsing it again."""
    return cast(Schema, fastavro.parse_schema(schema))


def read(schema: Schema, source: BytesIO) -> list[Any]:
    """The fields of the next record."""
    return list(cast(dict[str, Any], fastavro.schemaless_reader(source, schema, None)).values())


def plain_schema(columns: Sequence[Column], text_is_bytes: bool = False) -> Schema:
    """The schema without logical types, of which fastavro would make objects that hold less."""
    return _plain_schema(tuple(columns), text_is_bytes)


@cache
def _plain_schema(columns: tuple[Column, ...], text_is_bytes: bool) -> Schema:
    schema = json.loads(avro_schema("t", columns, text_is_bytes))
    for field in schema["fields"]:
        if isinstance(field["type"], list) and isinstance(field["type"][1], dict):
            field["type"][1] = field["type"][1]["type"]
    return parse(schema)


def bits_schema(columns: Sequence[Column]) -> Schema:
    """The same with the bits of floats, since Python's floats do not keep those of every NaN of 32 bits."""
    schema = json.loads(json.dumps(plain_schema(columns)))
    for field in schema["fields"]:
        if field["type"] == ["null", "float"]:
            field["type"][1] = {"type": "fixed", "size": 4, "name": f"bits_{field['name']}"}
    return parse({name: value for name, value in schema.items() if not name.startswith("__")})


def write(schema: Schema, fields: Sequence[Any]) -> bytes:
    """One record by fastavro."""
    output = BytesIO()
    names = [field["name"] for field in schema["fields"]]
    fastavro.schemaless_writer(output, schema, dict(zip(names, fields, strict=True)))
    return output.getvalue()


def record(columns: Sequence[Column], cells: Sequence[Cell], text_is_bytes: bool = False) -> bytes:
    """One record of cells."""
    return write(plain_schema(columns, text_is_bytes), list(chain.from_iterable(cell.fields for cell in cells)))


def records(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Records of rows of cells, back to back."""
    schema = plain_schema(columns)
    return b"".join(write(schema, list(chain.from_iterable(cell.fields for cell in row))) for row in rows)


def null(form: Form) -> Cell:
    """NULL."""
    return Cell((None, None) if form in DUAL else (None,), None)


def second(text: str) -> Cell:
    """A value in the second field of a column that has two."""
    return Cell((None, text), text)


def two_complement(number: int) -> bytes:
    """The least bytes that hold a signed number."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return number.to_bytes(size, "big", signed=True)


def decimal(unscaled: int, scale: int = SCALE) -> Cell:
    """A number of a NUMERIC column."""
    sign, digits, _ = Decimal(unscaled).as_tuple()
    return Cell((two_complement(unscaled), None), format(Decimal((sign, digits, -scale)), "f"))


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - UNIX_EPOCH) // MICROSECOND


def of_date(day: date) -> Cell:
    """A date of the years 1 to 9999."""
    return Cell((day.toordinal() - date(1970, 1, 1).toordinal(), None), day.isoformat())


def of_timestamp(moment: datetime) -> Cell:
    """A timestamp of the years 1 to 9999, in UTC if it has a zone."""
    return Cell((micros(moment), None), moment.isoformat(" "))


def of_time(number: int) -> Cell:
    """A time of day, in microseconds."""
    return Cell((number, None), (UNIX_EPOCH + number * MICROSECOND).time().isoformat())


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["", "\\N", "\\.", "\\", "\t\n\r\b\f\v\\", "a" * 7 + "\x7f" + "b" * 9, "aaaaaaaa\u20ac", "\x01" * 17, "NULL"]
)
FAR_YEARS = st.integers(10000, 294275).map(lambda year: (str(year), "")) | st.integers(1, 4713).map(
    lambda year: (f"{year:04}", " BC")
)
FRACTION = st.just("") | st.integers(1, 999999).map(lambda number: f".{number:06}".rstrip("0"))


@st.composite
def far_dates(draw: st.DrawFn) -> Cell:
    """A date before 1 or after 9999."""
    year, era = draw(FAR_YEARS)
    return second(f"{year}-{draw(st.integers(1, 12)):02}-{draw(st.integers(1, 28)):02}{era}")


@st.composite
def far_timestamps(draw: st.DrawFn, zone: str) -> Cell:
    """A timestamp before 1 or after 9999."""
    year, era = draw(FAR_YEARS)
    day = f"{year}-{draw(st.integers(1, 12)):02}-{draw(st.integers(1, 28)):02}"
    seconds = draw(st.integers(0, 86399))
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{draw(FRACTION)}"
    return second(f"{day} {time}{zone}{era}")


def integers(bits: int) -> st.SearchStrategy[Cell]:
    """Integers of a width."""
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1).map(lambda number: Cell((number,), str(number)))


def decimals(precision: int = PRECISION, scale: int = SCALE) -> st.SearchStrategy[Cell]:
    """Numbers of every length, and NaN."""
    lengths = st.integers(1, precision).map(lambda digits: 10**digits - 1)
    numbers = lengths.flatmap(lambda most: st.integers(-most, most)) | st.just(0)
    return numbers.map(lambda number: decimal(number, scale)) | st.just(second("NaN"))


ENDLESS = st.sampled_from([second("infinity"), second("-infinity")])
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime.max).map(of_timestamp)
VALUES: dict[Form, st.SearchStrategy[Cell]] = {
    Form.BOOL: st.booleans().map(lambda value: Cell((value,), "t" if value else "f")),
    Form.INT2: integers(16),
    Form.INT4: integers(32),
    Form.INT8: integers(64),
    Form.FLOAT4: (st.floats(width=32, allow_nan=False) | st.just(math.nan)).map(
        lambda value: Cell((value,), f"{value:.9g}")
    ),
    Form.FLOAT8: (st.floats(allow_nan=False) | st.just(math.nan)).map(lambda value: Cell((value,), f"{value:.17g}")),
    Form.BYTES: st.binary(max_size=20).map(lambda value: Cell((value,), f"\\x{value.hex()}")),
    Form.TEXT: TEXT.map(lambda value: Cell((value,), value)),
    Form.JSONB: TEXT.map(lambda value: Cell((json.dumps(value, ensure_ascii=False),), json.dumps(value))),
    Form.UUID: st.uuids().map(lambda value: Cell((str(value),), str(value))),
    Form.DATE: st.dates(date(1, 1, 1), date.max).map(of_date) | far_dates() | ENDLESS,
    Form.TIME: st.integers(0, 86_400_000_000 - 1).map(of_time) | st.just(second("24:00:00")),
    Form.TIMESTAMP: MOMENTS | far_timestamps("") | ENDLESS,
    Form.TIMESTAMPTZ: MOMENTS | far_timestamps("+00") | ENDLESS,
    Form.NUMERIC: decimals(),
    Form.OUTPUT: st.integers(0, 9).map(lambda days: Cell((f"{days} days",), f"{days} days")),
}


def cells(each: Column) -> st.SearchStrategy[Cell]:
    """Values of a column, and NULL."""
    values = decimals(each.precision, each.scale) if each.form == Form.NUMERIC else VALUES[each.form]
    return st.just(null(each.form)) | values


def rows(columns: Sequence[Column], most: int = 5) -> st.SearchStrategy[list[tuple[Cell, ...]]]:
    """Rows of a table."""
    return st.lists(st.tuples(*map(cells, columns)), max_size=most)


def as_bytes(each: Column, cell: Cell) -> Cell:
    """The cell as an SQL_ASCII database has it."""
    held = cell.fields[0]
    return Cell((held.encode(),), cell.text) if each.form in TEXTS and held is not None else cell
