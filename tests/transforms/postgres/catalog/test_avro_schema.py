"""The schema of a table's records."""

import json
from typing import Any

import avro.schema
import fastavro
import pytest

from tests.transforms.postgres.copy_stream import column
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.column_form import PRESENCE
from transforms.postgres.codec.column import DUAL, Column, Form

EVERY = [column(form, f"c_{form.name.lower()}", 9, 2) for form in Form if form]


def fields_of(text: str) -> dict[str, Any]:
    return {field["name"]: field for field in json.loads(text)["fields"]}


def test_one_field_is_written_to_the_letter() -> None:
    named = Column("Total", "_x54_otal", "numeric(9,2)", "pg_catalog.numeric", Form.NUMERIC, 9, 2)
    number = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    assert json.loads(avro_schema("My Table", [named])) == {
        "type": "record",
        "name": "_x4d_y_x2054_able",
        "namespace": "shardkeep.postgres",
        "fields": [
            {"name": "_x54_otal", "type": ["null", number], "default": None, "pg.type": "numeric(9,2)"},
            {"name": "_x54_otal_xtext", "type": ["null", "string"], "default": None, "pg.type": "numeric(9,2)"},
        ],
    }


def test_every_field_is_a_union_with_null_first_and_by_default() -> None:
    fields = fields_of(avro_schema("t", EVERY))
    assert len(fields) == len(EVERY) + len(DUAL)
    assert {(field["type"][0], field["default"]) for field in fields.values()} == {("null", None)}


@pytest.mark.parametrize(
    ("form", "avro_type"),
    [
        (Form.BOOL, "boolean"), (Form.INT2, "int"), (Form.INT4, "int"), (Form.INT8, "long"), (Form.FLOAT4, "float"),
        (Form.FLOAT8, "double"), (Form.BYTES, "bytes"), (Form.TEXT, "string"), (Form.JSONB, "string"),
        (Form.OUTPUT, "string"), (Form.UUID, {"type": "string", "logicalType": "uuid"}),
        (Form.DATE, {"type": "int", "logicalType": "date"}),
        (Form.TIME, {"type": "long", "logicalType": "time-micros"}),
        (Form.TIMESTAMP, {"type": "long", "logicalType": "local-timestamp-micros"}),
        (Form.TIMESTAMPTZ, {"type": "long", "logicalType": "timestamp-micros"}),
    ],
)  # fmt: skip
def test_a_form_has_its_type(form: Form, avro_type: object) -> None:
    assert fields_of(avro_schema("t", EVERY))[f"c_{form.name.lower()}"]["type"][1] == avro_type


def test_texts_of_unknown_encoding_are_bytes_and_second_fields_are_not() -> None:
    plain, unknown = fields_of(avro_schema("t", EVERY)), fields_of(avro_schema("t", EVERY, text_is_bytes=True))
    changed = {name for name in plain if plain[name] != unknown[name]}
    assert changed == {"c_text", "c_jsonb", "c_output"}
    assert {str(unknown[name]["type"]) for name in changed} == {"['null', 'bytes']"}


def test_a_table_without_columns_has_one_plain_boolean() -> None:
    assert fields_of(avro_schema("t", [PRESENCE])) == {"_xrow": {"name": "_xrow", "type": "boolean"}}


@pytest.mark.parametrize("text_is_bytes", [False, True])
def test_other_readers_take_the_schema(text_is_bytes: bool) -> None:
    text = avro_schema('1st "Table"', EVERY, text_is_bytes)
    parsed: Any = fastavro.parse_schema(json.loads(text))
    assert parsed["name"].startswith("shardkeep.postgres._x31_st")
    parsed = avro.schema.parse(text)
    assert len(parsed.fields) == len(EVERY) + len(DUAL)
