"""A column of a table: its type, and the form of its values in COPY and Avro."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from functools import lru_cache
from typing import Any

# Set in the form of a text that is not checked for UTF-8, since it is from an SQL_ASCII database.
UNCHECKED = 0x80
_NAME = re.compile(r'(?:(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)(?:\.(?!$)|$)){2}')
DIGITS_MOST = 38  # digits of the longest decimal that BigQuery, Arrow and most Avro readers accept


class Form(IntEnum):
    """The form of one column's values; `OUTPUT` is the text of the type's output function.

    `PRESENCE` has no field in COPY: it is the only Avro field of a table without columns.
    """

    PRESENCE = 0
    BOOL = 1
    INT2 = 2
    INT4 = 3
    INT8 = 4
    FLOAT4 = 5
    FLOAT8 = 6
    BYTES = 7
    TEXT = 8
    JSONB = 9
    UUID = 10
    DATE = 11
    TIME = 12
    TIMESTAMP = 13
    TIMESTAMPTZ = 14
    NUMERIC = 15
    OUTPUT = 16


DUAL = frozenset({Form.DATE, Form.TIME, Form.TIMESTAMP, Form.TIMESTAMPTZ, Form.NUMERIC})
TEXTS = frozenset({Form.TEXT, Form.JSONB, Form.OUTPUT})


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as the catalog describes it.

    Attributes:
        name: The exact name.
        field: Its Avro field.
        type: The type for people: `format_type(atttypid, atttypmod)`.
        base: The type without domains and modifiers, as written in a cast: `pg_catalog.int4`, `public."My Enum"`.
        form: The form of its values.
        precision: Digits of a NUMERIC, 1 to 38; else 0.
        scale: Digits of a NUMERIC after the point, 0 to `precision`; else 0.
        number: Its `attnum`.
        not_null: Whether it is declared NOT NULL.
        identity: `""`, `"a"` (always) or `"d"` (by default).
        collation: Its collation, schema-qualified; empty if the type has none.
    """

    name: str
    field: str
    type: str
    base: str
    form: Form
    precision: int = 0
    scale: int = 0
    number: int = 0
    not_null: bool = False
    identity: str = ""
    collation: str = ""

    def to_json(self) -> dict[str, Any]:
        """The column in a manifest: every attribute, the form by its name."""
        return {name: getattr(self, name) for name in _NAMES} | {"form": self.form.name}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Column":
        """The inverse of `to_json`.

        Raises:
            KeyError: if the form is unknown, or an attribute without a default is missing.
            ValueError: if an attribute has a wrong type, or `base` or `collation` is not a name with a schema.
        """
        known = {name: data[name] if default is MISSING else data.get(name, default) for name, default in _DEFAULTS}
        if tuple(map(type, known.values())) != _TYPES:
            raise ValueError(f"the attributes of the column {known['name']!r} are not of their types")
        _check_name(known["base"])
        _check_name(known["collation"])
        return cls(**{**known, "form": Form[known["form"]]})


_NAMES = tuple(each.name for each in fields(Column))
_DEFAULTS = tuple((each.name, each.default) for each in fields(Column))
_TYPES = tuple(type(value) for value in Column("", "", "", "", Form.BOOL).to_json().values())


@lru_cache(maxsize=1024)
def _check_name(text: str) -> None:
    """Check the name of a type or a collation, which becomes part of a statement unchanged."""
    if text and not _NAME.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no name with a schema")


def program(columns: Sequence[Column], text_is_bytes: bool = False) -> bytes:
    """The program that the compiled codecs run: three bytes for each column, its form, precision and scale.

    Args:
        columns: The columns in the order of their fields.
        text_is_bytes: Whether texts are any bytes, as in an SQL_ASCII database: their forms are marked with 0x80.
    """
    return b"".join(bytes([_marked(column.form, text_is_bytes), column.precision, column.scale]) for column in columns)


def _marked(form: Form, text_is_bytes: bool) -> int:
    return form | UNCHECKED if text_is_bytes and form in TEXTS else form
