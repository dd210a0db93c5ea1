"""The databases of the memory room: what a server would hold."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from transforms.key_range import KeyRange

NULLS = "nulls"
"""The key space of rows without a key; they are in the order of their values, and equal ones are one row."""

Row = tuple[bytes | None, bytes]
"""Key and value."""

Rows = tuple[dict[bytes, bytes], set[bytes]]
"""Values by key, and the values without one."""


@dataclass
class MemoryTable:
    """A table: rows with a key, in the order of its bytes, and, if it is nullable, rows without one."""

    keyed: dict[bytes, bytes] = field(default_factory=dict)
    nulls: set[bytes] = field(default_factory=set)
    nullable: bool = False
    splits: list[bytes] = field(default_factory=list)
    finished: bool = False

    def put(self, row: Row) -> None:
        """Write a row over the one that is there."""
        key, value = row
        if key is None:
            self.nulls.add(value)
        else:
            self.keyed[key] = value

    def rows(self, key_range: KeyRange) -> Iterator[tuple[bytes, Row]]:
        """The rows of a range with what they are ordered by."""
        for place, row in sorted(self._space(key_range.space).items()):
            if place >= key_range.start and (place < key_range.end or not key_range.end):
                yield place, row

    def _space(self, space: str) -> dict[bytes, Row]:
        if space == NULLS:
            return {value: (None, value) for value in self.nulls}
        return {key: (key, value) for key, value in self.keyed.items()}

    @property
    def content(self) -> Rows:
        """All rows."""
        return self.keyed, self.nulls


@dataclass
class Database:
    """Tables by name, how often each method was called, and the errors that are waiting for a call and a key."""

    tables: dict[str, MemoryTable] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, bytes], Exception] = field(default_factory=dict)

    def touch(self, call: str, place: bytes) -> None:
        """Raise the error that waits here."""
        if (call, place) in self.faults:
            raise self.faults[call, place]

    @property
    def content(self) -> dict[str, Rows]:
        """All rows of all tables."""
        return {name: table.content for name, table in self.tables.items()}


DATABASES: dict[str, Database] = {}
"""The databases of this process, which sources and targets name."""

_numbers = itertools.count(1)


def new_database(tables: Mapping[str, MemoryTable] | None = None) -> str:
    """The name of a new database with these tables."""
    name = f"memory-{next(_numbers)}"
    DATABASES[name] = Database(dict(tables or {}))
    return name
