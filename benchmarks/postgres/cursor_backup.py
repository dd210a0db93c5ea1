"""The simplest backup program: a server-side cursor, a dictionary for each row, and fastavro.

python -m benchmarks.postgres.cursor_backup --database=postgresql://... --table=T --rows=100000 --avro=FILE
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fastavro
import psycopg
from psycopg.rows import dict_row

from benchmarks.stopwatch import Stopwatch

_AVRO = {
    "bigint": "long",
    "integer": "int",
    "smallint": "int",
    "double precision": "double",
    "numeric": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
    "boolean": "boolean",
    "timestamp with time zone": {"type": "long", "logicalType": "timestamp-micros"},
    "date": {"type": "int", "logicalType": "date"},
    "text": "string",
    "uuid": {"type": "string", "logicalType": "uuid"},
}


def backup(database: str, table: str, rows: int, path: Path) -> None:
    """Write the first rows of a table into an Avro file."""
    with psycopg.connect(database) as connection, path.open("wb") as file:
        fastavro.writer(file, _schema(connection, table), _read(connection, table, rows), codec="deflate")


def _schema(connection: "psycopg.Connection[Any]", table: str) -> dict[str, Any]:
    query = (
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
    )
    fields = [{"name": name, "type": ["null", _AVRO[kind]]} for name, kind in connection.execute(query, [table])]
    return {"type": "record", "name": table, "fields": fields}


def _read(connection: "psycopg.Connection[Any]", table: str, rows: int) -> Iterator[dict[str, Any]]:
    with connection.cursor("reader", row_factory=dict_row) as cursor:
        cursor.itersize = 10_000
        cursor.execute(f"SELECT * FROM {table} LIMIT {rows}".encode())  # noqa: S608 (the benchmark's own table)
        yield from cursor


def main(argv: Sequence[str] | None = None) -> None:
    """Back up the first rows of a table and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.postgres.cursor_backup", allow_abbrev=False)
    parser.add_argument("--database", required=True, help="URL of the database")
    parser.add_argument("--table", required=True, help="name of the table")
    parser.add_argument("--rows", type=int, required=True, help="how many rows to read")
    parser.add_argument("--avro", type=Path, required=True, help="the file to write")
    options = parser.parse_args(argv)
    with Stopwatch() as stopwatch:
        backup(options.database, options.table, options.rows, options.avro)
    stopwatch.report(options.rows, options.avro.stat().st_size)


if __name__ == "__main__":
    main()
