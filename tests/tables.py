"""Bigtable tables for tests: hypothesis makes them, Google's client library creates, writes and reads them."""

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

import grpc
from google.cloud.bigtable.data import BigtableDataClient, ReadRowsQuery, RowMutationEntry, SetCell
from google.cloud.bigtable.data._sync_autogen._swappable_channel import SwappableChannel
from google.cloud.bigtable_admin_v2 import BaseBigtableTableAdminClient
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport
from google.cloud.bigtable_admin_v2.types import ColumnFamily, CreateTableRequest, GetTableRequest, Table
from hypothesis import strategies as st

PROJECT = "p"
LAST_TIMESTAMP = (2**63 - 1) // 1000 * 1000
"""The last one in microseconds that the API takes where timestamps are kept in milliseconds."""

FAMILY_LETTERS = "-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""Every character that a family's name may have (`google.bigtable.admin.v2.ColumnFamily`)."""

Cell: TypeAlias = tuple[str, bytes, int, bytes]
"""Family, qualifier, timestamp in microseconds, value."""

Rows: TypeAlias = dict[bytes, list[Cell]]
"""The cells of each row; families sorted by name, a family's cells as the server sends them."""


@dataclass(frozen=True)
class Content:
    """What a test puts into a table: its families, and its cells in any order."""

    families: Sequence[str]
    rows: Mapping[bytes, Sequence[Cell]] = field(default_factory=dict)

    @property
    def expected(self) -> Rows:
        """What must be read: newest cells of a column first, qualifiers in their order, no cell twice."""
        return {key: _as_served(self.rows[key]) for key in sorted(self.rows) if self.rows[key]}


def _as_served(cells: Iterable[Cell]) -> list[Cell]:
    last = {(family, qualifier, timestamp): value for family, qualifier, timestamp, value in cells}
    order = sorted(last, key=lambda cell: (cell[0].encode(), cell[1], -cell[2]))
    return [(*cell, last[cell]) for cell in order]


FAMILIES = st.text(FAMILY_LETTERS, min_size=1, max_size=12) | st.just("f" * 64)
KEYS = st.binary(min_size=1, max_size=12) | st.builds(
    lambda key, length: (key * length)[:4096], st.binary(min_size=1, max_size=3), st.integers(1, 4096)
)
QUALIFIERS = st.binary(max_size=8) | st.sampled_from([b"", b"\x00", b"\xff\xfe", b"q" * 16384])
TIMESTAMPS = st.integers(0, LAST_TIMESTAMP // 1000).map(lambda millis: millis * 1000) | st.sampled_from(
    [0, 1_000, LAST_TIMESTAMP, 253_402_300_800_000_000]  # the last one is the year 10000, past every datetime
)
VALUES = st.binary(max_size=40) | st.sampled_from([b"", bytes(1000), bytes(range(256)) * 40])


@st.composite
def contents(draw: st.DrawFn, most_rows: int = 20) -> Content:
    """Tables of up to three families, some of them without rows."""
    families = sorted(draw(st.sets(FAMILIES, max_size=3)))
    if not families:
        return Content(families)
    cells = st.tuples(st.sampled_from(families), QUALIFIERS, TIMESTAMPS, VALUES)
    many_versions = st.builds(_versions, cells, st.integers(2, 30))
    lists = st.lists(cells, min_size=1, max_size=8) | many_versions
    return Content(families, draw(st.dictionaries(KEYS, lists, max_size=most_rows)))


def _versions(cell: Cell, count: int) -> list[Cell]:
    family, qualifier, _, value = cell
    return [(family, qualifier, number * 1000, value + b"%d" % number) for number in range(count)]


class _Client(BigtableDataClient):
    """The library's client; its own channel to an emulator takes no message above 4 MiB."""

    def _build_grpc_channel(self, *_: object, **__: object) -> SwappableChannel:
        return SwappableChannel(open_emulator)


@dataclass(frozen=True)
class Tables:
    """The tables of one instance, through the client library."""

    instance: str

    def create(self, name: str, families: Mapping[str, ColumnFamily] | Sequence[str]) -> None:
        """Create a table; families by name, with rules and types if they have some."""
        given = families if isinstance(families, Mapping) else {each: ColumnFamily() for each in families}
        parent = f"projects/{PROJECT}/instances/{self.instance}"
        admin().create_table(CreateTableRequest(parent=parent, table_id=name, table=Table(column_families=given)))

    def fill(self, name: str, content: Content) -> None:
        """Create a table and write its cells."""
        self.create(name, content.families)
        self.write(name, content.rows)

    def write(self, name: str, rows: Mapping[bytes, Sequence[Cell]]) -> None:
        """Write cells, each with its own timestamp, 10,000 an entry at most."""
        entries = [entry for key, cells in rows.items() for entry in _entries(key, cells)]
        if not entries:
            return
        with _Client(project=PROJECT) as client, client.get_table(self.instance, name) as table:
            table.bulk_mutate_rows(entries)

    def read(self, name: str) -> Rows:
        """Every cell of a table."""
        with _Client(project=PROJECT) as client, client.get_table(self.instance, name) as table:
            rows = table.read_rows(ReadRowsQuery())
        return {row.row_key: _cells(row) for row in rows}

    def schema(self, name: str) -> Table:
        """The table's own description, with all that is known of it."""
        full = f"projects/{PROJECT}/instances/{self.instance}/tables/{name}"
        found: Table = admin().get_table(GetTableRequest(name=full, view=Table.View.FULL))
        return found

    def rules(self, name: str) -> dict[str, Any]:
        """For each family its garbage collection rule as the API gives it, or None."""
        families = self.schema(name).column_families
        return {family: families[family].gc_rule if "gc_rule" in families[family] else None for family in families}

    def names(self) -> list[str]:
        """The ids of all tables, sorted."""
        pages = admin().list_tables(parent=f"projects/{PROJECT}/instances/{self.instance}")
        return sorted(table.name.rpartition("/")[2] for table in pages)


def new_instance() -> Tables:
    """An instance without tables: the emulator knows every one that is named."""
    return Tables(f"i-{uuid.uuid4().hex[:12]}")


def _entries(key: bytes, cells: Sequence[Cell]) -> Iterable[RowMutationEntry]:
    for start in range(0, len(cells), 10_000):
        part = cells[start : start + 10_000]
        yield RowMutationEntry(key, [SetCell(family, q, value, timestamp) for family, q, timestamp, value in part])


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - the library has no types
    """The cells as served, families sorted: the server does not promise their order."""
    cells = [(cell.family, cell.qualifier, cell.timestamp_micros, cell.value) for cell in row.cells]
    families = [(family, list(each)) for family, each in groupby(cells, lambda cell: cell[0])]
    return [cell for _, each in sorted(families, key=lambda item: item[0].encode()) for cell in each]


def admin() -> BaseBigtableTableAdminClient:
    """The library's administration of the emulator that BIGTABLE_EMULATOR_HOST names."""
    return BaseBigtableTableAdminClient(transport=BigtableTableAdminGrpcTransport(channel=open_emulator()))


def open_emulator() -> grpc.Channel:
    """A channel to the emulator that takes messages of any size."""
    sizes = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    return grpc.insecure_channel(os.environ["BIGTABLE_EMULATOR_HOST"], options=[("grpc.enable_http_proxy", 0), *sizes])
