"""The Avro schema of a table's records.

Every column is a union with null, so that one encoding serves all tables. What the logical types of Avro
(https://avro.apache.org/docs/1.12.0/specification/#logical-types) cannot hold, or what many readers refuse
(years outside 1 to 9999), goes into a second field, as PostgreSQL's own text.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from transforms.postgres.catalog.field_names import TEXT_SUFFIX, encode
from transforms.postgres.codec.column import DUAL, Column, Form

NAMESPACE = "shardkeep.postgres"
AvroType: TypeAlias = str | dict[str, str | int]
_TYPES: dict[Form, AvroType] = {
    Form.BOOL: "boolean",
    Form.INT2: "int",
    Form.INT4: "int",
    Form.INT8: "long",
    Form.FLOAT4: "float",
    Form.FLOAT8: "double",
    Form.BYTES: "bytes",
    Form.TEXT: "string",
    Form.JSONB: "string",
    Form.OUTPUT: "string",
    Form.UUID: {"type": "string", "logicalType": "uuid"},
    Form.DATE: {"type": "int", "logicalType": "date"},
    Form.TIME: {"type": "long", "logicalType": "time-micros"},
    Form.TIMESTAMP: {"type": "long", "logicalType": "local-timestamp-micros"},
    Form.TIMESTAMPTZ: {"type": "long", "logicalType": "timestamp-micros"},
}


def avro_schema(name: str, columns: Sequence[Column], text_is_bytes: bool = False) -> str:
    """The schema of a table's records as JSON.

    Args:
        name: The exact name of the table, without its schema.
        columns: The columns in the order of their fields; at least one, see `Form.PRESENCE`.
        text_is_bytes: Whether texts are bytes, as in an SQL_ASCII database, where their encoding is not known.
    """
    found = [field for column in columns for field in _fields(column, text_is_bytes)]
    return json.dumps({"type": "record", "name": encode(name), "namespace": NAMESPACE, "fields": found})


def _fields(column: Column, text_is_bytes: bool) -> Iterator[dict[str, Any]]:
    if column.form == Form.PRESENCE:
        yield {"name": column.field, "type": "boolean"}
        return
    yield _optional(column, column.field, _type(column, text_is_bytes))
    if column.form in DUAL:
        yield _optional(column, column.field + TEXT_SUFFIX, "string")


def _optional(column: Column, field: str, value: AvroType) -> dict[str, Any]:
    return {"name": field, "type": ["null", value], "default": None, "pg.type": column.type}


def _type(column: Column, text_is_bytes: bool) -> AvroType:
    if column.form == Form.NUMERIC:
        return {"type": "bytes", "logicalType": "decimal", "precision": column.precision, "scale": column.scale}
    known = _TYPES[column.form]
    return "bytes" if text_is_bytes and known == "string" else known
