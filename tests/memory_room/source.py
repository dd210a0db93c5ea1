"""A memory database as a source."""

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import ClassVar

from tests.memory_room.attachments import NAMES, SIZES
from tests.memory_room.database import DATABASES, NULLS, Database, Row
from tests.memory_room.records import AVRO_SCHEMA, batch_of, encode
from transforms.batch import Batch
from transforms.errors import NotFoundError
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.source import Conclusion, Read, TablePlan, Wanted


@dataclass(frozen=True, slots=True)
class MemorySource:
    """The tables of a database of this process.

    Attributes:
        database: Its name in `DATABASES`.
        planned: For names of tables the ranges that they are cut into, whatever is wanted.
        patterns: Globs of the tables.
        held: Whether it is open.
        size: Bytes that it says each table has; None if it does not know.
        reads_at_once: See `Source.reads_at_once`.
    """

    database: str
    planned: tuple[tuple[str, tuple[KeyRange, ...]], ...] = ()
    patterns: tuple[str, ...] = ("*",)
    held: bool = False
    size: int | None = None
    reads_at_once: int = 1
    consistency: ClassVar[str] = "snapshot"

    @property
    def _database(self) -> Database:
        return DATABASES[self.database]

    def identity(self) -> Identity:
        """See `Source.identity`."""
        return memory_identity(self.database)

    def settings(self) -> dict[str, str]:
        """See `Source.settings`."""
        return {}

    @contextmanager
    def opened(self) -> Iterator["MemorySource"]:
        """See `Source.opened`."""
        self._database.calls["open"] += 1
        try:
            yield replace(self, held=True)
        finally:
            self._database.calls["close"] += 1

    def tables(self) -> list[Table]:
        """See `Source.tables`."""
        self._database.calls["tables"] += 1
        chosen = sorted({name for pattern in self.patterns for name in self._matches(pattern)})
        return [self._table(name) for name in chosen]

    def _matches(self, pattern: str) -> list[str]:
        names = [name for name in self._database.tables if fnmatchcase(name, pattern)]
        if not names:
            raise NotFoundError(f"--table={pattern}: {self.database} has no such table.")
        return names

    def _table(self, name: str) -> Table:
        return Table((name,), {"nullable": self._database.tables[name].nullable}, AVRO_SCHEMA)

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """See `Source.plan`: as many ranges as wanted, at keys that exist, and one for the rows without a key."""
        self._database.calls["plan"] += 1
        with self._database.planners.one_more():
            return [TablePlan(self._ranges(table, wanted), self.size) for table in tables]

    def _ranges(self, table: Table, wanted: Wanted) -> list[KeyRange]:
        if table.name in dict(self.planned):
            return list(dict(self.planned)[table.name])
        keys, count = sorted(self._database.tables[table.name].keyed), wanted.ranges or 1
        cuts = sorted({keys[number * len(keys) // count] for number in range(1, count)} - {b""}) if keys else []
        ranges = [KeyRange("", start, end) for start, end in pairwise([b"", *cuts, b""])]
        return ranges + ([KeyRange(NULLS)] if table.schema["nullable"] else [])

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        """See `Source.reading`."""
        self._database.calls["reading"] += 1
        return nullcontext(self.read)

    def read(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        """The rows of a range."""
        self._database.calls["read"] += 1
        with self._database.readers.one_more():
            yield from self._batches(table, key_range, chunk_size)

    def _batches(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        held: list[tuple[bytes, Row]] = []
        for place, row in self._database.tables[table.name].rows(key_range):
            self._database.touch("read", place)
            held.append((place, row))
            if sum(len(encode(row)) for _, row in held) >= chunk_size:
                yield batch_of(held)
                held = []
        if held:
            yield batch_of(held)

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        """See `Source.conclude`: whether it was open, how often this was called, names and sizes of all tables."""
        self._database.calls["conclude"] += 1
        held = sorted(self._database.tables.items())
        names, sizes = [name for name, _ in held], [len(table.keyed) + len(table.nulls) for _, table in held]
        attachments = {NAMES: "\n".join(names).encode(), SIZES: json.dumps(sizes).encode()}
        return Conclusion({"held": self.held, "calls": self._database.calls["conclude"]}, attachments)


def memory_identity(database: str) -> Identity:
    """Who a memory database is."""
    return Identity("memory", (("database", database),))
