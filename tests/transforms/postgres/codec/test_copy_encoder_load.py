"""What our COPY data is to real servers: the rows that they make of PostgreSQL's own texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.canonical_rows import (
    EVERY,
    NATIVE,
    NO_COLUMNS,
    Cell,
    column,
    decimal,
    null,
    record,
    records,
    rows,
    second,
)
from transforms.postgres.codec.column import Column, Form, program
from transforms.postgres.codec.copy_encoder import encode_binary, encode_text

Connection = psycopg.Connection[Any]
ENCODERS = {"binary": encode_binary, "text": encode_text}
BINARY = "(FORMAT binary)"


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[Connection]:
    """A session in a database of its own, in UTC."""
    postgres.sql("CREATE DATABASE copy_encoder")
    with psycopg.connect(postgres.url("copy_encoder"), autocommit=True) as session:
        session.execute("SET timezone = 'UTC'")
        yield session
    postgres.sql("DROP DATABASE copy_encoder")


def make_table(connection: Connection, name: str, columns: Sequence[Column], types: Sequence[str] = ()) -> None:
    given = types or [each.type for each in columns]
    listed = ", ".join(f'"{each.name}" {kind}' for each, kind in zip(columns, given, strict=True))
    connection.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({listed})")


def load(connection: Connection, name: str, data: bytes, options: str = "") -> None:
    with connection.cursor().copy(f"COPY {name} FROM STDIN {options}") as copy:
        copy.write(data)


def load_texts(connection: Connection, name: str, table: Sequence[Sequence[Cell]]) -> None:
    """Load PostgreSQL's text of each cell by psycopg."""
    with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in table:
            copy.write_row([cell.text for cell in row])


def content(connection: Connection, name: str, options: str = BINARY) -> bytes:
    with connection.cursor().copy(f"COPY {name} TO STDOUT {options}") as copy:
        return b"".join(map(bytes, copy))


def check_loads(
    connection: Connection,
    columns: Sequence[Column],
    table: Sequence[Sequence[Cell]],
    types: Sequence[str] = (),
    formats: Sequence[str] = ("binary", "text"),
) -> None:
    """Check that rows loaded by our encoders are those that the server makes of their texts."""
    make_table(connection, "expected", columns, types)
    load_texts(connection, "expected", table)
    for name in formats:
        make_table(connection, "found", columns, types)
        load(connection, "found", ENCODERS[name](program(columns), records(columns, table)), f"(FORMAT {name})")
        assert content(connection, "found") == content(connection, "expected")
        assert content(connection, "found", "") == content(connection, "expected", "")


@settings(max_examples=30)
@given(rows(NATIVE))
def test_rows_in_either_format_are_what_the_server_makes_of_their_texts(
    connection: Connection, table: list[tuple[Cell, ...]]
) -> None:
    check_loads(connection, NATIVE, table)


@settings(max_examples=10)
@given(rows(EVERY))
def test_texts_of_output_functions_load_as_text(connection: Connection, table: list[tuple[Cell, ...]]) -> None:
    check_loads(connection, EVERY, table, formats=["text"])


WIDE = [
    column(Form.NUMERIC, f"n{p}_{s}", p, s) for p, s in [(1, 0), (4, 4), (9, 3), (18, 0), (19, 1), (38, 0), (38, 2)]
]
WIDE += [column(Form.NUMERIC, f"n38_{scale}", 38, scale) for scale in (19, 37, 38)]


@settings(max_examples=30)
@given(rows(WIDE))
def test_decimals_of_every_width_are_what_the_server_makes_of_their_texts(
    connection: Connection, table: list[tuple[Cell, ...]]
) -> None:
    check_loads(connection, WIDE, table)


@pytest.mark.parametrize("each", WIDE, ids=str)
def test_the_longest_decimals_and_powers_of_ten_load(connection: Connection, each: Column) -> None:
    powers = [10**digits for digits in range(each.precision)]
    numbers = [0, *powers, *(-power for power in powers), 10**each.precision - 1, -(10**each.precision) + 1]
    check_loads(connection, [each], [(decimal(number, each.scale),) for number in numbers])


NUMERICS = ["NaN", "Infinity", "-Infinity", "0", "0.0", "-0.00001", "1.5", "100000000", "12345678.9", "0.00010000"]
NUMERICS += ["9" * 131072 + "." + "9" * 16383, "-1" + "0" * 131071, "0." + "0" * 16382 + "1", "10000.0001"]


def test_numerics_of_another_scale_keep_it(connection: Connection) -> None:
    check_loads(connection, [column(Form.NUMERIC)], [(second(text),) for text in NUMERICS], types=["numeric"])


EXTREMES: dict[Form, list[Cell]] = {
    Form.INT2: [Cell((number,), str(number)) for number in (-(2**15), -1, 0, 2**15 - 1)],
    Form.INT4: [Cell((number,), str(number)) for number in (-(2**31), 2**31 - 1)],
    Form.INT8: [Cell((number,), str(number)) for number in (-(2**63), 2**63 - 1)],
    Form.FLOAT4: [Cell((number,), text) for number, text in [(2.0**-149, "1.4e-45"), (0.1, "0.1"), (-0.0, "-0")]],
    Form.FLOAT8: [Cell((number,), repr(number)) for number in (5e-324, 1.7976931348623157e308, 0.1, -0.0, 1e9, 1e22)],
    Form.DATE: [
        Cell((-719162, None), "0001-01-01"),
        Cell((2932896, None), "9999-12-31"),
        *map(second, ["infinity", "-infinity", "4714-11-24 BC", "0001-12-31 BC", "10000-01-01", "5874897-12-31"]),
    ],
    Form.TIME: [Cell((0, None), "00:00"), Cell((86399999999, None), "23:59:59.999999"), second("24:00:00")],
    Form.TIMESTAMP: [
        Cell((-62135596800000000, None), "0001-01-01 00:00:00"),
        Cell((253402300799999999, None), "9999-12-31 23:59:59.999999"),
        *map(second, ["infinity", "-infinity", "4714-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999"]),
    ],
    Form.TIMESTAMPTZ: [
        Cell((-62135596800000000, None), "0001-01-01 00:00:00+00"),
        Cell((253402300799999999, None), "9999-12-31 23:59:59.999999+00"),
        *map(second, ["infinity", "0001-12-31 23:59:59.999999+00 BC", "10000-01-01 00:00:00+00"]),
    ],
}


@pytest.mark.parametrize("form", EXTREMES, ids=lambda form: form.name)
def test_extremes_load(connection: Connection, form: Form) -> None:
    check_loads(connection, [column(form)], [(cell,) for cell in EXTREMES[form]])


KINDS = {
    "varchar(40)": "a b",
    "character(12)": "padded      ",
    "name": "na\\me",
    "json": '{"b": 1,  "a":2}',
    "mood": "so so",
}


def test_kinds_of_text_load_by_their_text(connection: Connection) -> None:
    connection.execute("DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('so so', 'fine')")
    columns = [column(Form.TEXT, f"c{number}") for number in range(len(KINDS))]
    check_loads(connection, columns, [[Cell((text,), text) for text in KINDS.values()]], types=list(KINDS))


@pytest.mark.parametrize(("form", "nans"), [(Form.FLOAT8, "7ff8000000000000 fff8000000000000"),
                                            (Form.FLOAT4, "7fc00000 ffc00000")])  # fmt: skip
def test_the_sign_of_a_nan_stays_in_either_format(connection: Connection, form: Form, nans: str) -> None:
    code = program([column(form)])
    data = b"".join(b"\x02" + bytes.fromhex(nan)[::-1] for nan in nans.split())
    for name, encoder in ENCODERS.items():
        make_table(connection, "found", [column(form)])
        load(connection, "found", encoder(code, data), f"(FORMAT {name})")
        assert content(connection, "found") == encode_binary(code, data)


def test_every_bit_of_a_nan_stays_in_the_binary_format(connection: Connection) -> None:
    data = b"\x02\x01\x02\x03\x04\x05\x06\xf7\x7f"
    make_table(connection, "found", [column(Form.FLOAT8)])
    load(connection, "found", encode_binary(program([column(Form.FLOAT8)]), data), BINARY)
    assert content(connection, "found").endswith(b"\x7f\xf7\x06\x05\x04\x03\x02\x01" + b"\xff\xff")


@pytest.mark.parametrize("name", ENCODERS)
def test_a_table_without_columns_loads(connection: Connection, name: str) -> None:
    make_table(connection, "found", [])
    load(connection, "found", ENCODERS[name](program(NO_COLUMNS), b"\x01\x01\x01"), f"(FORMAT {name})")
    assert connection.execute("SELECT count(*) FROM found").fetchone() == (3,)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_table_of_1600_columns_loads(connection: Connection, name: str) -> None:
    columns = [column(Form.BOOL, f"c{number}") for number in range(1600)]
    row = [Cell((number % 3 == 0,), "") if number % 2 else null(Form.BOOL) for number in range(1600)]
    make_table(connection, "found", columns)
    load(connection, "found", ENCODERS[name](program(columns), record(columns, row)), f"(FORMAT {name})")
    assert connection.execute("SELECT * FROM found").fetchone() == tuple(cell.fields[0] for cell in row)


@pytest.mark.parametrize("name", ENCODERS)
def test_large_values_load(connection: Connection, name: str) -> None:
    columns = [column(Form.TEXT), column(Form.BYTES)]
    text, data = "\\\u20ac\n" * 200_000, bytes(range(256)) * 4096
    make_table(connection, "found", columns)
    encoded = ENCODERS[name](program(columns), records(columns, [(Cell((text,), ""), Cell((data,), ""))]))
    load(connection, "found", encoded, f"(FORMAT {name})")
    assert connection.execute("SELECT * FROM found").fetchone() == (text, data)
