"""A source of a few rows in the Bigtable room's records, for a small backup of every kind of object."""

import io
import json
from array import array
from base64 import b64encode
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

import fastavro
from google.cloud.bigtable_admin_v2 import types
from google.protobuf.duration_pb2 import Duration

from transforms.batch import Batch
from transforms.bigtable.catalog.schema import TableSchema
from transforms.bigtable.records import AVRO_SCHEMA
from transforms.errors import IntegrityError
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.source import Conclusion, Read, TablePlan, Wanted

_AVRO = fastavro.parse_schema(json.loads(AVRO_SCHEMA))

Row = list[bytes]
"""The records of a row."""


def record(key: bytes, *values: bytes) -> bytes:
    buffer = io.BytesIO()
    cells = [{"family": "f", "qualifier": b"q", "timestamp": 10 - n, "value": v} for n, v in enumerate(values)]
    fastavro.schemaless_writer(buffer, _AVRO, {"key": key, "cells": cells})
    return buffer.getvalue()


def rows(table: str) -> dict[bytes, Row]:
    """The rows of a table by key. The last one of `wide` is too large for one record."""
    if table == "wide":
        large = bytes(9 << 20)
        return {b"\x00": [record(b"\x00", b"small")], b"\xff": [record(b"\xff", large), record(b"\xff", large)]}
    keys = [] if table == "empty" else [b"k%02d" % n for n in range(10)]
    return {key: [record(key, key * 3, b"")] for key in keys}


def every_setting() -> TableSchema:
    """A schema that has everything that a schema may have."""
    hour = Duration(seconds=3600)
    old, many = types.GcRule(max_age=hour), types.GcRule(max_num_versions=3)
    both = types.GcRule(intersection=types.GcRule.Intersection(rules=[old, many]))
    either = types.GcRule(union=types.GcRule.Union(rules=[both, old]))
    number = types.Type(int64_type=types.Type.Int64(encoding={"big_endian_bytes": {}}))
    families = {"f": types.ColumnFamily(gc_rule=either), "n": types.ColumnFamily(value_type=number)}
    table = types.Table(column_families=families, granularity="MILLIS", deletion_protection=True)
    table.automated_backup_policy = types.Table.AutomatedBackupPolicy(
        retention_period=hour, frequency=hour, locations=["zone"], disabled=True
    )
    table.change_stream_config = types.ChangeStreamConfig(retention_period=hour)
    saved = TableSchema.from_proto(table)
    policy = {**(saved.automated_backup_policy or {}), "keep_hot_micros": 1}
    keys = types.Type.Struct(encoding=types.Type.Struct.Encoding(singleton={}))
    storage = types.TieredStorageConfig(infrequent_access=types.TieredStorageRule(include_if_older_than=hour))
    encoded = {
        "row_key_schema": b64encode(types.Type.Struct.serialize(keys)).decode(),
        "tiered_storage": b64encode(types.TieredStorageConfig.serialize(storage)).decode(),
    }
    values = {**saved.to_json(), "automated_backup_policy": policy, **encoded}
    return TableSchema.from_json(values)


@dataclass(frozen=True, slots=True)
class SmallSource:
    """Three tables; the reading of a `broken` one fails."""

    broken: bool = False
    names: tuple[str, ...] = ()
    consistency: ClassVar[str] = "row-atomic"
    reads_at_once: ClassVar[int] = 2

    def identity(self) -> Identity:
        return Identity("bigtable", (("project", "example.com:my-project"), ("instance", "my-instance")))

    def settings(self) -> dict[str, str]:
        emulators = {"bigtable_emulator_host": "localhost:8086", "storage_emulator_host": "http://localhost:4443"}
        return {"app_profile": "nightly", **emulators}

    def opened(self) -> AbstractContextManager["SmallSource"]:
        return nullcontext(self)

    def tables(self) -> list[Table]:
        schemas = {"empty": TableSchema(), "orders.2024": every_setting(), "wide": TableSchema()}
        return [Table((name,), schemas[name].to_json(), AVRO_SCHEMA, ("a warning",)) for name in self.names]

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """Four ranges of each; in `orders.2024` the third is empty and so is the last."""
        ends = ((b"", b"k03"), (b"k03", b"k08"), (b"k08", b"k08a"), (b"k08a", b""))
        return [TablePlan([KeyRange("", *pair) for pair in ends], 0) for _ in tables]

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        return nullcontext(self.read)

    def read(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        if self.broken:
            raise IntegrityError("the rows cannot be read. Repair the source.")
        held: dict[bytes, Row] = {}
        for key, row in rows(table.name).items():
            if key_range.start <= key and (not key_range.end or key < key_range.end):
                held[key] = row
            if _size(held.values()) >= chunk_size:
                yield _batch(held)
                held = {}
        if held:
            yield _batch(held)

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        return Conclusion({"notes": ["a note"]}, {"note.txt": b"a note"})


def _size(held: Iterable[Row]) -> int:
    return sum(len(piece) for row in held for piece in row)


def _batch(held: dict[bytes, Row]) -> Batch:
    keys, records = list(held), [piece for row in held.values() for piece in row]
    ends: Any = array("Q", accumulate(map(len, records)))
    return Batch(len(keys), keys[0], keys[-1], b"".join(records), ends)
