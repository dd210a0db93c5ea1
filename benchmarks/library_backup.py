"""The cost of a backup with the client library's rows, alone and written by fastavro.

Without `--avro` the rows are only iterated. With it each becomes a record of Google's schema in a
local Avro file, as a program without compiled code would do it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fastavro import writer
from google.cloud.bigtable.data import BigtableDataClient, ReadRowsQuery, Row

from benchmarks.stopwatch import Stopwatch, reader_parser

SCHEMA = Path(__file__).resolve().parent.parent / "transforms" / "bigtable" / "bigtable.avsc"


class Tally:
    """Counts the rows that pass."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._source = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._source:
            self.rows += 1
            yield row


def record(row: Row) -> dict[str, Any]:
    """Return a row as a record of the schema `bigtable.avsc`."""
    return {
        "key": row.row_key,
        "cells": [
            {
                "family": cell.family,
                "qualifier": cell.qualifier,
                "timestamp": cell.timestamp_micros,
                "value": cell.value,
            }
            for cell in row.cells
        ],
    }


def value_bytes(rows: Iterable[Row]) -> int:
    """Touch every cell and return the bytes of all values."""
    return sum(len(cell.value) for row in rows for cell in row.cells)


def write_avro(rows: Iterable[Row], path: Path, codec: str) -> int:
    """Write the rows to an Avro file with blocks of about 1 MiB and return the file's size in bytes."""
    with path.open("wb") as file:
        writer(file, json.loads(SCHEMA.read_text()), map(record, rows), codec=codec, sync_interval=1 << 20)
    return path.stat().st_size


def main(argv: Sequence[str] | None = None) -> None:
    """Read the first rows of a table with the client library and print what it took."""
    parser = reader_parser("library_backup")
    parser.add_argument("--avro", type=Path, help="the Avro file to write; without it rows are only iterated")
    parser.add_argument("--codec", default="deflate", help="codec of the Avro file")
    options = parser.parse_args(argv)
    os.environ["BIGTABLE_EMULATOR_HOST"] = options.server
    project, instance, table = options.table.split("/")[1::2]
    with BigtableDataClient(project=project) as client, Stopwatch() as stopwatch:
        rows = Tally(client.get_table(instance, table).read_rows_stream(ReadRowsQuery(limit=options.rows)))
        size = write_avro(rows, options.avro, options.codec) if options.avro else value_bytes(rows)
    stopwatch.report(rows.rows, size)


if __name__ == "__main__":
    main()
