"""Texts of dates, times and numerics, to the letter those of PostgreSQL's output functions."""

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.ranges.test_key_value import VALUES
from tests.transforms.postgres.sessions import opened
from transforms.postgres.codec.column import DUAL, Form
from transforms.postgres.codec.field_text import text_of
from transforms.postgres.server.session import Connection

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def connection(postgres15: PostgresServer) -> Iterator[Connection]:
    with opened(postgres15, "postgres") as session:
        session.execute("SET TIME ZONE 'UTC'")
        yield session


def pairs(connection: Connection, form: Form, texts: list[str]) -> list[tuple[str, str]]:
    """Our text of each value, and the server's."""
    query = f"SELECT v, format('%%s', v) FROM unnest(%s::text[]) t, CAST(t AS {VALUES[form][0]}) v".encode()
    result = connection.execute(query, [texts], binary=True).pgresult
    assert result is not None
    cells = [(result.get_value(row, 0) or b"", result.get_value(row, 1) or b"") for row in range(result.ntuples)]
    return [(text_of(form, value), text.decode()) for value, text in cells]


@pytest.mark.parametrize("form", sorted(DUAL), ids=lambda form: form.name)
def test_the_text_of_each_extreme_is_the_servers(connection: Connection, form: Form) -> None:
    found = pairs(connection, form, list(VALUES[form][1]))
    assert len(found) == len(VALUES[form][1])
    assert [ours for ours, _ in found] == [theirs for _, theirs in found]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=9), min_size=1, max_size=9))
def test_the_text_of_any_number_is_the_servers(connection: Connection, numbers: list[object]) -> None:
    for ours, theirs in pairs(connection, Form.NUMERIC, [f"{number:f}" for number in numbers]):
        assert ours == theirs


@given(st.lists(st.integers(-2_451_545 * DAY, 106_751_983 * DAY - 1), min_size=1, max_size=20))
def test_the_text_of_any_timestamp_is_the_servers(connection: Connection, moments: list[int]) -> None:
    values = [text_of(Form.TIMESTAMP, struct.pack(">q", moment)) for moment in moments]
    assert all(ours == theirs for ours, theirs in pairs(connection, Form.TIMESTAMP, values))
    query = b"SELECT timestamp_send(v::timestamp) FROM unnest(%s::text[]) WITH ORDINALITY t(v, n) ORDER BY n"
    sent = [row[0] for row in connection.execute(query, [values])]
    assert sent == [struct.pack(">q", moment) for moment in moments]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (Form.DATE, b""), (Form.DATE, bytes(8)), (Form.DATE, struct.pack(">i", -2_451_546)),
        (Form.DATE, struct.pack(">i", 2_145_031_949)), (Form.TIME, b""), (Form.TIME, struct.pack(">q", -1)),
        (Form.TIME, struct.pack(">q", DAY + 1)), (Form.TIMESTAMP, bytes(4)),
        (Form.TIMESTAMP, struct.pack(">q", -2_451_545 * DAY - 1)),
        (Form.TIMESTAMPTZ, struct.pack(">q", 106_751_983 * DAY)),
        (Form.NUMERIC, b""), (Form.NUMERIC, struct.pack(">HhHHH", 1, 0, 0, 0, 10_000)),
        (Form.NUMERIC, struct.pack(">HhHH", 1, 0, 0, 0)), (Form.INT4, bytes(4)), (Form.TEXT, b"text"),
    ],
)  # fmt: skip
def test_what_is_no_such_value_is_an_error(form: Form, field: bytes) -> None:
    with pytest.raises(ValueError, match="not a value of the type" if form in DUAL else "neither a date"):
        text_of(form, field)


@given(st.sampled_from(sorted(DUAL)), st.binary(max_size=20))
def test_any_bytes_have_a_text_or_are_refused(form: Form, field: bytes) -> None:
    try:
        text = text_of(form, field)
    except ValueError:
        return
    assert text.isascii()
    assert text.strip()
