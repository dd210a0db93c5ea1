"""Records of a vault: Google's schema, and an inspection that knows the order of keys."""

import json

import pytest

from tests.transforms.bigtable.read_rows_stream import SCHEMA, Cell, Row, record
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.records import AVRO_SCHEMA, inspect
from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange

SCHEMA_OF_F = TableSchema({"f": FamilySchema(), "other": FamilySchema()})
TABLE = Table(("orders",), SCHEMA_OF_F.to_json(), AVRO_SCHEMA)


def rows(*keys: bytes) -> bytes:
    return b"".join(record(Row(key, [Cell("f", b"q", 0, b"v")])) for key in keys)


def test_the_schema_is_the_file_as_it_stands() -> None:
    assert json.loads(AVRO_SCHEMA) == SCHEMA


@pytest.mark.parametrize(
    "key_range", [KeyRange(), KeyRange("", b"b"), KeyRange("", b"", b"d\x00"), KeyRange("", b"b", b"e")], ids=str
)
def test_rows_inside_of_the_range_are_counted(key_range: KeyRange) -> None:
    batch = inspect(rows(b"b", b"c", b"d"), TABLE, key_range)
    assert (batch.rows, batch.first_key, batch.last_key) == (3, b"b", b"d")


@pytest.mark.parametrize(
    "key_range", [KeyRange("", b"b\x00"), KeyRange("", b"", b"d"), KeyRange("", b"x", b"z")], ids=str
)
def test_rows_outside_of_the_range_are_named(key_range: KeyRange) -> None:
    with pytest.raises(IntegrityError) as caught:
        inspect(rows(b"b", b"c", b"d"), TABLE, key_range)
    assert str(caught.value) == f"table orders: rows b to d lie outside of {key_range}."


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(IntegrityError):
        inspect(rows(b"c", b"b"), TABLE, KeyRange())


def test_a_family_that_the_table_does_not_have_is_refused() -> None:
    records = rows(b"b") + record(Row(b"c", [Cell("f", b"q", 0, b"v"), Cell("g", b"q", 0, b"v")]))
    with pytest.raises(
        IntegrityError, match=r"record 2, .*at or after key c: the table's schema does not have the family"
    ):
        inspect(records, TABLE, KeyRange())
