"""Records of a vault: the program of a table, and what an inspection tells."""

from array import array
from collections.abc import Sequence
from typing import Any

import pytest

from tests.transforms.postgres.canonical_rows import EVERY, NO_COLUMNS, Cell, column, record
from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import Column, Form, program
from transforms.postgres.codec.record_program import program_of
from transforms.postgres.records import inspect

ORDERS = [column(Form.INT8, "id"), column(Form.TEXT, "note")]
RANGE = KeyRange("", b'["1"]', b'["9"]')


def table(columns: Sequence[Column], text_is_bytes: bool = False) -> Table:
    schema = {"kind": "table", "columns": [each.to_json() for each in columns]}
    return Table(("public", "orders"), schema, avro_schema("orders", columns, text_is_bytes))


@pytest.mark.parametrize("columns", [EVERY, ORDERS, NO_COLUMNS], ids=["every form", "two columns", "no columns"])
@pytest.mark.parametrize("text_is_bytes", [False, True])
def test_the_program_is_that_of_the_columns(columns: list[Column], text_is_bytes: bool) -> None:
    assert program_of(table(columns, text_is_bytes)) == program(columns, text_is_bytes)


def test_a_bytea_column_is_not_taken_for_a_text_of_bytes() -> None:
    columns = [column(Form.BYTES), column(Form.TEXT)]
    assert program_of(table(columns)) == program(columns)


def test_rows_are_counted_and_have_no_keys() -> None:
    pieces = [record(ORDERS, [Cell((number,), ""), Cell(("x" * number,), "")]) for number in (7, 3)]
    batch = inspect(b"".join(pieces), table(ORDERS), RANGE)
    ends = array("Q", [len(pieces[0]), len(pieces[0] + pieces[1])])
    assert batch == Batch(2, b"", b"", b"".join(pieces), ends)


@pytest.mark.parametrize(("records", "fault"), [(b"", "no record"), (b"\x02\x02\x03", "record 1, column 2, offset 2")])
def test_what_is_wrong_is_told_with_the_table_and_the_range(records: bytes, fault: str) -> None:
    with pytest.raises(IntegrityError, match=rf'^table public\.orders, \[\["1"\], \["9"\]\): .*{fault}'):
        inspect(records, table(ORDERS), RANGE)


BAD_SCHEMAS: list[dict[str, Any]] = [
    {},
    {"columns": None},
    {"columns": [{"form": "TEXT"}]},
    {"columns": [{**ORDERS[0].to_json(), "form": "GEOMETRY"}]},
    {"columns": [ORDERS[1].to_json() | {"field": "other"}]},
]


@pytest.mark.parametrize("schema", BAD_SCHEMAS, ids=str)
def test_a_schema_that_names_no_columns_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="the manifest does not describe its columns"):
        program_of(Table(("public", "orders"), schema, avro_schema("orders", ORDERS)))
