"""ReadRows streams for tests: rows in, every legal way of cutting them into chunks out, and what Google makes of it."""

import json
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import fastavro
from google.cloud.bigtable.data._metrics import ActiveOperationMetric, OperationType
from google.cloud.bigtable.data._sync_autogen._read_rows import _ReadRowsOperation
from google.cloud.bigtable_v2.types import ReadRowsResponse
from hypothesis import strategies as st

import transforms.bigtable

SCHEMA = json.loads(Path(transforms.bigtable.__file__).with_name("bigtable.avsc").read_text(encoding="utf-8"))
_PARSED = fastavro.parse_schema(SCHEMA)
_RESPONSE = ReadRowsResponse.pb()
_CHUNK = ReadRowsResponse.CellChunk.pb()


class Cell(NamedTuple):
    family: str
    qualifier: bytes
    timestamp: int
    value: bytes


class Row(NamedTuple):
    key: bytes
    cells: list[Cell]


_FAMILIES = st.sampled_from(["a", "b", "cf", "cf2", "A-family_of.64", "\u00e9", "\U0001f600"])
_CELLS = st.builds(
    Cell,
    _FAMILIES,
    st.binary(max_size=6),
    st.one_of(st.integers(0, 2**63 - 1), st.sampled_from([0, 1_700_000_000_000_000])),
    st.binary(max_size=200),
)
ROWS = st.dictionaries(st.binary(min_size=1, max_size=9), st.lists(_CELLS, min_size=1, max_size=9), max_size=7).map(
    lambda found: [Row(key, found[key]) for key in sorted(found)]
)


def chunk(
    key: bytes = b"",
    family: str | None = None,
    qualifier: bytes | None = None,
    **fields: Any,  # noqa: ANN401 - the protobuf class checks them
) -> Any:  # noqa: ANN401 - protobuf classes have no types here
    """A CellChunk; `fields` are those that need no wrapper."""
    made = _CHUNK(row_key=key, **fields)
    if family is not None:
        made.family_name.value = family
    if qualifier is not None:
        made.qualifier.value = qualifier
    return made


def cell_chunk(key: bytes, value: bytes = b"v", **fields: Any) -> Any:  # noqa: ANN401
    """A whole row of one cell."""
    return chunk(key, "cf", b"q", value=value, **{"commit_row": True, **fields})


def message(*chunks: Any, last_scanned: bytes = b"") -> bytes:  # noqa: ANN401
    """One serialized ReadRowsResponse."""
    serialized: bytes = _RESPONSE(chunks=chunks, last_scanned_row_key=last_scanned).SerializeToString()
    return serialized


def chunks_of(rows: Iterable[Row], random: Random) -> list[Any]:
    """The rows as a server may send them: values split, names left out, rows begun in vain and reset."""
    found: list[Any] = []
    for row in rows:
        if random.random() < 0.3:
            vain = _row_chunks(row, random)
            found += [*vain[: random.randrange(1, len(vain) + 1)]]
            found[-1].ClearField("commit_row")
            found.append(_CHUNK(reset_row=True))
        found += _row_chunks(row, random)
    return found


def cut(chunks: Sequence[Any], random: Random) -> list[bytes]:
    """The chunks as messages, cut anywhere."""
    ends = sorted(random.choices(range(len(chunks) + 1), k=random.randrange(6)))
    return [message(*chunks[start:end]) for start, end in zip([0, *ends], [*ends, len(chunks)], strict=True)]


def merge(*messages: bytes) -> list[Row]:
    """The rows that the client library makes of the messages; raises InvalidChunk or DecodeError."""
    operation = object.__new__(_ReadRowsOperation)
    operation._last_yielded_row_key = None
    operation._remaining_count = None
    operation._operation_metric = ActiveOperationMetric(OperationType.READ_ROWS)
    responses = (ReadRowsResponse.wrap(_RESPONSE.FromString(each)) for each in messages)
    found = operation.merge_rows(operation.chunk_stream(responses))
    return [
        Row(row.row_key, [Cell(c.family, c.qualifier, c.timestamp_micros, c.value) for c in row.cells]) for row in found
    ]


def record(row: Row) -> bytes:
    """The canonical record of a row that needs no second one, as fastavro writes it."""
    cells = sorted(row.cells, key=lambda cell: cell.family.encode())
    written = BytesIO()
    fastavro.schemaless_writer(written, _PARSED, {"key": row.key, "cells": [cell._asdict() for cell in cells]})
    return written.getvalue()


def read_record(source: BytesIO) -> Row:
    """The next record of `source`, as fastavro reads it."""
    found: Any = fastavro.schemaless_reader(source, _PARSED, None)
    return Row(found["key"], [Cell(**cell) for cell in found["cells"]])


def _row_chunks(row: Row, random: Random) -> list[Any]:
    found: list[Any] = []
    last: Cell | None = None
    for cell in row.cells:
        found += _cell_chunks(row.key if not found or random.random() < 0.1 else b"", cell, last, random)
        last = cell
    found[-1].commit_row = True
    return found


def _cell_chunks(key: bytes, cell: Cell, last: Cell | None, random: Random) -> list[Any]:
    same_family = last is not None and cell.family == last.family and random.random() < 0.8
    same_column = same_family and last is not None and cell.qualifier == last.qualifier and random.random() < 0.8
    first = chunk(key, None if same_family else cell.family, None if same_column else cell.qualifier)
    first.timestamp_micros = cell.timestamp
    pieces = _pieces(cell.value, random)
    found = [first, *(_CHUNK() for _ in pieces[1:])]
    for made, piece in zip(found, pieces, strict=True):
        made.value = piece
        made.value_size = len(cell.value)
    found[-1].value_size = 0
    return found


def _pieces(value: bytes, random: Random) -> list[bytes]:
    if not value or random.random() < 0.6:
        return [value]
    ends = sorted(random.choices(range(len(value) + 1), k=random.randrange(1, 4)))
    return [value[start:end] for start, end in zip([0, *ends], [*ends, len(value)], strict=True)]
