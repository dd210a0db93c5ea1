"""Texts of key values: the server takes each one back as the value that it sent."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened
from transforms.errors import IntegrityError
from transforms.postgres.codec.column import Form
from transforms.postgres.names.identifiers import Bytes, literal
from transforms.postgres.ranges.key_value import check_ctid, ctid_end, end_of, key_end, text_of, texts_of
from transforms.postgres.server.session import Connection

VALUES: dict[Form, tuple[str, Sequence[str]]] = {
    Form.BOOL: ("bool", ["t", "f"]),
    Form.INT2: ("int2", ["-32768", "0", "32767"]),
    Form.INT4: ("int4", ["-2147483648", "-1", "2147483647"]),
    Form.INT8: ("int8", ["-9223372036854775808", "9223372036854775807"]),
    Form.FLOAT4: ("float4", ["0", "-0", "0.1", "1e-45", "-3.4028235e38", "16777217", "NaN", "Infinity", "-Infinity"]),
    Form.FLOAT8: ("float8", ["0.1", "-0", "5e-324", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity"]),
    Form.BYTES: ("bytea", ["", "\\x00ff5c27"]),
    Form.TEXT: ("text", ["", "it's", "back\\slash", '"', "ünï\U0001f418", "a\nb", "["]),
    Form.JSONB: ("jsonb", ['{"a": [1, null]}', '"x"']),
    Form.UUID: ("uuid", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"]),
    Form.DATE: (
        "date",
        ["2000-01-01", "1999-12-31", "2000-02-29", "1900-02-28", "1900-03-01", "0001-01-01", "0001-12-31 BC",
         "0005-02-29 BC", "4714-11-24 BC", "5874897-12-31", "10000-01-01", "infinity", "-infinity"],
    ),
    Form.TIME: ("time", ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.000001"]),
    Form.TIMESTAMP: (
        "timestamp",
        ["1999-12-31 23:59:59.999999", "0001-12-31 23:59:59.5 BC", "4714-11-24 00:00:00 BC",
         "294276-12-31 23:59:59.999999", "infinity", "-infinity"],
    ),
    Form.TIMESTAMPTZ: (
        "timestamptz",
        ["2000-01-01 00:00:00+00", "0044-03-15 10:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "-infinity"],
    ),
    Form.NUMERIC: (
        "numeric",
        ["0", "0.00", "1", "-1", "10000", "0.0001", "1.50", "-12345678901234567890.123456789012345678", "1e37",
         "99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001", "NaN",
         "-9" + "8" * 130_000, "7" * 5_000 + "." + "6" * 5_000, "0." + "0" * 9_000 + "5"],
    ),
    Form.OUTPUT: ("text", ["{1,2}", "(a,\"b c\")"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(postgres15: PostgresServer) -> Iterator[Connection]:
    with opened(postgres15, "postgres") as session:
        yield session


def come_back(connection: Connection, kind: str, form: Form, texts: Sequence[str]) -> bool:
    """Whether the server, given our text of what it sent, sends the very same bytes, or finds the same number."""
    sent = connection.execute(f"SELECT unnest(%s::text[])::{kind}".encode(), [list(texts)], binary=True)
    result = sent.pgresult
    assert result is not None
    ours = [text_of(form, result.get_value(row, 0)) for row in range(result.ntuples)]
    values = sql.SQL(", ").join(sql.SQL("({}::{})").format(literal(text), Bytes(kind)) for text in ours)
    query = sql.SQL(
        "SELECT pg_catalog.bool_and(a = b) FROM (SELECT row_number() OVER () AS n, a FROM (VALUES {}) v(a)) x"
        " JOIN (SELECT row_number() OVER () AS n, b FROM unnest({}::{}[]) u(b)) y USING (n)"
    ).format(values, sql.SQL("{}").format(list(texts)), Bytes(kind))
    row = connection.execute(query).fetchone()
    return len(ours) == len(texts) and row == (True,)


@pytest.mark.parametrize("form", VALUES, ids=lambda form: form.name)
def test_the_server_takes_each_extreme_back_as_it_was(connection: Connection, form: Form) -> None:
    kind, texts = VALUES[form]
    assert come_back(connection, kind, form, texts)


def test_dates_of_every_month_and_of_many_centuries_are_those_of_the_server(connection: Connection) -> None:
    query = (
        b"SELECT d, format('%s', d) FROM (SELECT date '4714-11-24 BC' + 37 * n AS d FROM generate_series(0, 90000) n) x"
    )
    result = connection.execute(query, binary=True).pgresult
    assert result is not None
    pairs = [(result.get_value(row, 0), result.get_value(row, 1)) for row in range(result.ntuples)]
    assert [text_of(Form.DATE, raw) for raw, _ in pairs] == [(text or b"").decode() for _, text in pairs]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=9), min_size=1, max_size=5))
def test_numbers_come_back(connection: Connection, numbers: Sequence[object]) -> None:
    assert come_back(connection, "numeric", Form.NUMERIC, [f"{number:f}" for number in numbers])


@given(st.lists(st.floats(width=32), min_size=1, max_size=20), st.lists(st.floats(), min_size=1, max_size=20))
def test_floats_come_back(connection: Connection, singles: list[float], doubles: list[float]) -> None:
    assert come_back(connection, "float4", Form.FLOAT4, [repr(number) for number in singles])
    assert come_back(connection, "float8", Form.FLOAT8, [repr(number) for number in doubles])


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_the_texts_of_an_end_are_those_it_was_made_of(texts: list[str]) -> None:
    valid = [text.encode("utf-8", "replace").decode() for text in texts]
    assert texts_of(end_of(valid), len(valid)) == valid


def test_an_end_is_json_and_keeps_bytes_that_are_no_utf8() -> None:
    end = key_end([Form.INT4, Form.TEXT], [b"\0\0\0*", b'\xff"\xc3\xa9'])
    assert end == b'["42","\xff\\"\xc3\xa9"]'
    assert texts_of(end, 2) == ["42", b'\xff"\xc3\xa9'.decode("utf-8", "surrogateescape")]


NO_ENDS = (b"", b"(1,2)", b'["1"]', b'["1", 2]', b'{"1": "2"}', b'["1", null]', b'["1","2')
HUGE = (b"[" * 99_999, b"9" * 5_000, b'["1", %s]' % (b"9" * 5_000))


@pytest.mark.parametrize("end", [*NO_ENDS, *HUGE], ids=range(10))
def test_what_is_no_end_of_a_key_range_is_an_integrity_error(end: bytes) -> None:
    with pytest.raises(IntegrityError, match="is no end of a"):
        texts_of(end, 2)


def test_a_ctid_is_an_end_and_nothing_else_is_one() -> None:
    assert ctid_end(b"\xff\xff\xff\xfe\x00\x03") == b"(4294967294,3)"
    assert check_ctid(b"(0,1)") == "(0,1)"
    for wrong in (b"", b"0,1", b"(0,1)'", b"(-1,1)", b'["1"]'):
        with pytest.raises(IntegrityError, match="is no end of a ctid range"):
            check_ctid(wrong)
    with pytest.raises(IntegrityError, match="where a ctid was expected"):
        ctid_end(None)


@pytest.mark.parametrize(
    ("form", "raw"),
    [(Form.INT4, None), (Form.INT4, b"\0"), (Form.UUID, b"\0" * 15), (Form.NUMERIC, b"\0"), (Form.BOOL, b"")],
)
def test_what_is_no_value_is_an_integrity_error(form: Form, raw: bytes | None) -> None:
    with pytest.raises(IntegrityError):
        text_of(form, raw)
