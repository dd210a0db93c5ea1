"""The databases of the memory room: what a server would hold."""

import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
class Readers:
    """How many are at work at once, each on a table or a range, and at most so far.

    Attributes:
        meeting: If given, each one waits until as many have begun as it has parties.
    """

    now: int = 0
    most: int = 0
    meeting: threading.Barrier | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """While one is at work."""
        self._count(1)
        try:
            if self.meeting:
                self.meeting.wait(timeout=120)
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.now += change
            self.most = max(self.most, self.now)


@dataclass
class Database:
    """A database, and what tests want to know of it or do to it.

    Attributes:
        tables: Tables by name.
        calls: How often each method was called, in the order of the first calls.
        faults: Errors that are waiting for a call and a key.
        planners: Who is planning a table.
        readers: Who is reading a range.
        pieces: The names of the pieces that were written.
    """

    tables: dict[str, MemoryTable] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, bytes], Exception] = field(default_factory=dict)
    planners: Readers = field(default_factory=Readers)
    readers: Readers = field(default_factory=Readers)
    pieces: set[str] = field(default_factory=set)

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
