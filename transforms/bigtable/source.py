"""A Bigtable instance as a source."""

import functools
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

from transforms.batch import Batch
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import TableSchema, aggregate_families
from transforms.bigtable.catalog.schema_change import united
from transforms.bigtable.catalog.table_admin import TableAdmin
from transforms.bigtable.catalog.table_glob import matching
from transforms.bigtable.ranges.probe import TableProbe
from transforms.bigtable.ranges.read import RowReader
from transforms.bigtable.ranges.split import size_of, split, wanted_ranges
from transforms.bigtable.records import AVRO_SCHEMA
from transforms.bigtable.server import emulator
from transforms.bigtable.server.instance import QUESTIONS, Instance
from transforms.errors import NotFoundError, RefusedError
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.map_ahead import map_ahead
from transforms.source import Conclusion, Read, TablePlan, Wanted

_PATIENT = 900.0
"""Seconds for an admin call after all rows have been read: a short outage must not lose hours of reading."""


@dataclass(frozen=True, slots=True)
class BigtableSource:
    """Tables of an instance, read with its app profile. Each row is read atomically, a table is not.

    Attributes:
        instance: The instance.
        patterns: Names or globs of the tables, as in a shell; `*` for every table.
        patience: Seconds that each admin call before the job may take, retries included.
    """

    instance: Instance
    patterns: tuple[str, ...] = ("*",)
    patience: float = 20.0
    consistency: ClassVar[str] = "row-atomic"
    reads_at_once: ClassVar[int] = 16

    def identity(self) -> Identity:
        """See `Source.identity`."""
        return self.instance.identity()

    def settings(self) -> dict[str, str]:
        """See `Source.settings`: the app profile, which routes the reads and may select Data Boost.

        An emulator accepts any project and instance, those of production too, so its use is recorded.
        """
        asked = {emulator.VARIABLE.lower(): emulator.host()} if emulator.host() else {}
        return {"app_profile": self.instance.app_profile, **asked}

    def opened(self) -> AbstractContextManager["BigtableSource"]:
        """See `Source.opened`: Bigtable has no snapshot, so nothing is opened."""
        return nullcontext(self)

    def tables(self) -> list[Table]:
        """See `Source.tables`. One row of each table is read, to check that it may be.

        Raises:
            NotFoundError: if a pattern selects no table.
            UnreachableError: if schema or rows may not be read.
        """
        admin = TableAdmin(self.instance.project, self.instance.instance, self.patience)
        known = admin.list_table_ids()
        chosen = sorted({name for pattern in self.patterns for name in self._matches(pattern, known)})
        return list(map_ahead(functools.partial(self._table, admin), chosen, QUESTIONS))

    def _matches(self, pattern: str, known: Sequence[str]) -> list[str]:
        names = matching(pattern, known)
        if names:
            return names
        if not known:
            raise NotFoundError(
                f"--table={pattern}: {self.instance.name} is there and has no tables. Check that --bigtable_project"
                f" (or --project) and --instance name the one that is meant.{emulator.hint()}"
            )
        has = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        raise NotFoundError(
            f"--table={pattern}: {self.instance.name} has no such table. It has: {has}.{emulator.hint()}"
        )

    def _table(self, admin: TableAdmin, name: str) -> Table:
        schema, mark = admin.get_schema(name)
        TableProbe(self.instance, name).is_empty()
        return Table((name,), schema.to_json(), AVRO_SCHEMA, tuple(_warnings(schema, mark)))

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """See `Source.plan`: from `SampleRowKeys`, for `QUESTIONS` tables at a time."""
        return list(map_ahead(functools.partial(self._plan, wanted), tables, QUESTIONS))

    def _plan(self, wanted: Wanted, table: Table) -> TablePlan:
        samples = TableProbe(self.instance, table.name).samples()
        ranges = split(samples, wanted.ranges or wanted_ranges(samples, wanted.shard_size))
        return TablePlan(ranges, size_of(samples))

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        """See `Source.reading`: no session is needed."""
        return nullcontext(self.read)

    def read(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        """The rows of a range; see `Read`."""
        return RowReader(self.instance, table.name).read(key_range, chunk_size)

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        """See `Source.conclude`: families may have been added while rows were read."""
        admin = TableAdmin(self.instance.project, self.instance.instance, _PATIENT)
        ended = map_ahead(functools.partial(_ended, admin), tables, QUESTIONS)
        grown = {place: schema for place, schema in enumerate(ended) if schema.to_json() != tables[place].schema}
        notes = [_added(tables[place], schema) for place, schema in grown.items()]
        return Conclusion({"notes": notes}, schemas={place: schema.to_json() for place, schema in grown.items()})


def _ended(admin: TableAdmin, table: Table) -> TableSchema:
    """The schema that fits all rows that were read of a table."""
    try:
        schema, _ = admin.get_schema(table.name)
    except NotFoundError as error:
        raise RefusedError(f"table {table.name} was deleted while it was read: {error}") from error
    return united(table.name, TableSchema.from_json(table.schema), schema)


def _added(table: Table, schema: TableSchema) -> str:
    added = sorted(schema.families.keys() - table.schema["families"].keys())
    return f"table {table.name}: added while it was read: families {', '.join(added)}."


def _warnings(schema: TableSchema, mark: RestoreMark | None) -> Iterator[str]:
    aggregates = aggregate_families(schema)
    if aggregates:
        yield f"families {', '.join(aggregates)} hold aggregates, which this version cannot restore"
    if mark:
        yield f"it is what a restore of backup {mark.backup} left half done; rows of it may be missing"
