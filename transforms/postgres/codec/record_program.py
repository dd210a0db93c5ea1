"""The program of the compiled codecs for the records of a table, from the table's entry in a manifest."""

import json
from functools import lru_cache

from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.postgres.codec.column import TEXTS, Column, program
from transforms.postgres.codec.record_inspector import inspect as inspect_records


def program_of(table: Table) -> bytes:
    """The program of the compiled codecs for a table's records (see `column.program`).

    Raises:
        IntegrityError: if the table's schema is not one of a PostgreSQL backup.
    """
    try:
        columns = [Column.from_json(each) for each in table.schema["columns"]]
        made = program(columns, _has_bytes_for_text(columns, table.avro_schema))
        inspect_records(made, b"")  # raises ValueError for a program that the compiled codecs do not know
        return made
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise IntegrityError(
            f"table {table.name}: the manifest does not describe its columns ({error!r}): verify the backup."
        ) from error


def _has_bytes_for_text(columns: list[Column], avro_schema: str) -> bool:
    """Whether the backup is of an SQL_ASCII database, whose texts are Avro bytes."""
    types = _types(avro_schema)
    return any(types[column.field] == ["null", "bytes"] for column in columns if column.form in TEXTS)


@lru_cache(maxsize=64)
def _types(avro_schema: str) -> dict[str, object]:
    return {field["name"]: field["type"] for field in json.loads(avro_schema)["fields"]}
