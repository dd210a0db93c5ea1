"""A Bigtable instance as a source."""

import functools
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from transforms.batch import Batch
from transforms.bigtable.instance import QUESTIONS, Instance
from transforms.bigtable.key_splits import size_of, split, wanted_ranges
from transforms.bigtable.read_rows import RowReader
from transforms.bigtable.records import AVRO_SCHEMA
from transforms.bigtable.retry import RetryPolicy
from transforms.bigtable.schema import aggregate_families
from transforms.bigtable.table_admin import TableAdmin
from transforms.bigtable.table_probe import TableProbe
from transforms.errors import NotFoundError
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.map_ahead import map_ahead
from transforms.source import Conclusion, Read, TablePlan, Wanted


@dataclass(frozen=True, slots=True)
class BigtableSource:
    """Tables of an instance, read with its app profile. A scan is atomic row by row, and no more.

    Attributes:
        instance: The instance.
        patterns: Names or globs of the tables, as in a shell; `*` for every table.
        patience: Seconds that each question about the tables may take before the job.
    """

    instance: Instance
    patterns: tuple[str, ...] = ("*",)
    patience: float = 20.0
    consistency: ClassVar[str] = "row-atomic"

    def identity(self) -> Identity:
        """See `Source.identity`."""
        return self.instance.identity()

    def settings(self) -> dict[str, str]:
        """See `Source.settings`: the app profile routes the reads, and says whether Data Boost serves them."""
        return {"app_profile": self.instance.app_profile}

    def opened(self) -> AbstractContextManager["BigtableSource"]:
        """See `Source.opened`: there is no moment to hold."""
        return nullcontext(self)

    def tables(self) -> list[Table]:
        """See `Source.tables`. Each table's rows are tried to be read.

        Raises:
            NotFoundError: if a pattern selects no table.
            UnreachableError: if schema or rows may not be read.
        """
        admin = TableAdmin(self.instance.project, self.instance.instance, self.patience)
        known = admin.list_table_ids()
        chosen = sorted({name for pattern in self.patterns for name in self._matches(pattern, known)})
        return list(map_ahead(functools.partial(self._table, admin), chosen, QUESTIONS))

    def _matches(self, pattern: str, known: Sequence[str]) -> list[str]:
        names = [name for name in known if fnmatchcase(name, pattern)]
        if not names:
            has = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "") or "none"
            raise NotFoundError(f"--table={pattern}: {self.instance.name} has no such table. It has: {has}.")
        return names

    def _table(self, admin: TableAdmin, name: str) -> Table:
        schema = admin.get_schema(name)
        TableProbe(self.instance, name, RetryPolicy(patience=self.patience, attempt_timeout=self.patience)).is_empty()
        aggregates = aggregate_families(schema)
        warning = f"families {', '.join(aggregates)} hold aggregates, which this version cannot restore"
        return Table((name,), schema.to_json(), AVRO_SCHEMA, (warning,) if aggregates else ())

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """See `Source.plan`: from `SampleRowKeys`, asked of so many tables at once."""
        return list(map_ahead(functools.partial(self._plan, wanted), tables, QUESTIONS))

    def _plan(self, wanted: Wanted, table: Table) -> TablePlan:
        samples = TableProbe(self.instance, table.name).samples()
        ranges = split(samples, wanted.ranges or wanted_ranges(samples, wanted.shard_size))
        return TablePlan(ranges, size_of(samples))

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        """See `Source.reading`: there is no session."""
        return nullcontext(self.read)

    def read(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        """The rows of a range; see `Read`."""
        return RowReader(self.instance, table.name).read(key_range, chunk_size)

    def conclude(self) -> Conclusion:
        """See `Source.conclude`: there is nothing beside the rows."""
        return Conclusion()
