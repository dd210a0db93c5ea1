"""The demonstration's Bigtable instance, spoken to with Google's own client library alone."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from google.cloud.bigtable import Client
from google.cloud.bigtable.column_family import MaxVersionsGCRule
from google.cloud.bigtable.data import BigtableDataClient, Cell, ReadRowsQuery, RowMutationEntry, SetCell

from docs.demo.flights import DemoRow

PROJECT, INSTANCE = "demo-project", "demo-instance"
_AT_ONCE = 2000

Cells = dict[bytes, list[tuple[str, bytes, int, bytes]]]
"""For each row key its cells: family, qualifier, timestamp in microseconds, value."""


@dataclass(frozen=True)
class DemoInstance:
    """Tables of the emulator that BIGTABLE_EMULATOR_HOST names."""

    @cached_property
    def _admin(self) -> Client:
        return Client(project=PROJECT, admin=True)

    @cached_property
    def _data(self) -> BigtableDataClient:
        return BigtableDataClient(project=PROJECT)

    def create(self, table: str, families: Iterable[str]) -> None:
        """Create a table that keeps up to ten versions of a cell."""
        rules = {family: MaxVersionsGCRule(10) for family in families}
        self._admin.instance(INSTANCE).table(table).create(column_families=rules)

    def load(self, table: str, rows: Iterable[DemoRow]) -> int:
        """Write rows; returns how many."""
        entries = (
            RowMutationEntry(r.key, [SetCell(f, q, v, timestamp_micros=t) for f, q, t, v in r.cells]) for r in rows
        )
        count = 0
        with self._data.get_table(INSTANCE, table) as target:
            while some := list(itertools.islice(entries, _AT_ONCE)):
                target.bulk_mutate_rows(some)
                count += len(some)
        return count

    def cells(self, table: str) -> Cells:
        """Every cell of a table; families sorted, for the service promises them in no order."""
        with self._data.get_table(INSTANCE, table) as source:
            found = source.read_rows(ReadRowsQuery(), operation_timeout=300, attempt_timeout=300)
        return {row.row_key: sorted(map(_cell, row), key=lambda cell: cell[0]) for row in found}

    def damage(self, table: str, family: str, prefix: bytes) -> None:
        """Drop a family, and delete the rows whose keys begin with a prefix."""
        broken = self._admin.instance(INSTANCE).table(table)
        broken.column_family(family).delete()
        broken.drop_by_prefix(prefix)


def _cell(cell: Cell) -> tuple[str, bytes, int, bytes]:
    return cell.family, cell.qualifier, cell.timestamp_micros, cell.value
