"""A memory database as a target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.memory_room.attachments import NAMES, parse_names
from tests.memory_room.database import DATABASES, Database, MemoryTable
from tests.memory_room.records import decode
from tests.memory_room.source import memory_identity
from transforms.errors import RefusedError
from transforms.identity import Identity
from transforms.skipped import Skipped
from transforms.source import NO_SAMPLES, Assignment, Ending, Load, Samples
from transforms.vault.format.attachments import Attachments

DOOMED = b"doomed"
"""A value that this room counts as one that will not stay."""


@dataclass(frozen=True, slots=True)
class MemoryTarget:
    """The tables of a database of this process.

    Attributes:
        database: Its name in `DATABASES`.
        skipped: What it says at the end that it has left out.
    """

    database: str
    skipped: tuple[Skipped, ...] = ()

    @property
    def _database(self) -> Database:
        return DATABASES[self.database]

    def identity(self) -> Identity:
        """See `Target.identity`."""
        return memory_identity(self.database)

    def check(
        self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples = NO_SAMPLES
    ) -> list[Assignment]:
        """See `Target.check`."""
        self._database.calls["check"] += 1
        problems = [problem for item in assignments for problem in self._problems(item)]
        if problems:
            raise RefusedError("Nothing was written:\n" + "\n".join(problems))
        return [replace(item, create=item.destination not in self._database.tables) for item in assignments]

    def _problems(self, item: Assignment) -> list[str]:
        table = self._database.tables.get(item.destination, MemoryTable())
        has_rows = table.keyed or table.nulls
        return [f"table {item.destination} has rows. {item.remedy}"] if has_rows and not item.may_append else []

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """See `Target.begin`."""
        self._database.calls["begin"] += 1

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """See `Target.prepare`."""
        self._database.calls["prepare"] += 1
        table = MemoryTable(nullable=assignment.table.schema["nullable"], splits=list(splits))
        self._database.tables.setdefault(assignment.destination, table)

    def write(self, loads: Sequence[Load]) -> list[int]:
        """See `Target.write`."""
        return [self._write(load.assignment, load.name, load.records) for load in loads]

    def _write(self, assignment: Assignment, piece: str, records: bytes) -> int:
        self._database.calls["write"] += 1
        self._database.pieces.add(piece)
        table, doomed = self._database.tables[assignment.destination], 0
        for key, value in decode(records):
            self._database.touch("write", value if key is None else key)
            table.put((key, value))
            doomed += value == DOOMED
        return doomed

    def warnings(self, destination: str, expired: int) -> list[str]:
        """See `Target.warnings`."""
        return [f"table {destination}: {expired} of its values are doomed."] if expired else []

    def finish(self, assignment: Assignment) -> list[str]:
        """See `Target.finish`."""
        self._database.calls["finish"] += 1
        table = self._database.tables[assignment.destination]
        table.finished = True
        return [f"table {assignment.destination}: rows without a key stand apart."] if table.nullable else []

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """See `Target.end`: the names of all tables that the backed-up database had."""
        self._database.calls["end"] += 1
        return Ending(parse_names(attachments.read(NAMES)), self.skipped)

    def forget(self) -> None:
        """See `Target.forget`."""
        self._database.calls["forget"] += 1

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """See `Target.unfinished`."""
        self._database.calls["unfinished"] += 1
        tables = {item.destination: self._database.tables.get(item.destination) for item in assignments}
        left = [name for name, table in tables.items() if table is not None and not table.finished]
        return [f"table {name} is left unfinished; drop it." for name in left]
