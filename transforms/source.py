"""The protocol of a room: what a database's code provides for backup, restore and verification."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from transforms.batch import Batch
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.skipped import Skipped
from transforms.vault.format.attachments import Attachments


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a table should be cut: into `ranges` ranges or, if None, into shards of about `shard_size` bytes."""

    ranges: int | None
    shard_size: int


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table is cut.

    Attributes:
        ranges: Ranges that tile its key spaces, each space's ranges in the order of its keys.
        size: Bytes on the source's disks; None if the source cannot tell. Small tables are read
            together.
    """

    ranges: Sequence[KeyRange]
    size: int | None = None


Read = Callable[[Table, KeyRange, int], Generator[Batch, None, None]]
"""Reads the rows of a range of a table; a batch ends with the row that brings it to the given bytes of records."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a source provides after all of its rows have been read.

    Attributes:
        facts: Facts about the reading for the manifest: a JSON object, never a secret.
        attachments: Contents by name, of what belongs to the backup beside the rows.
        schemas: Of tables whose schema grew while they were read, by place in the intent: the schema that holds for all
            rows. The manifest has it instead of the intent's.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    schemas: Mapping[int, dict[str, Any]] = field(default_factory=dict)


class Source(Protocol):
    """The selected part of a database, to be read; pickled to workers, so it opens connections only when asked."""

    @property
    def consistency(self) -> str:
        """The consistency of a backup of it, a word of `docs/vault.md`."""

    @property
    def reads_at_once(self) -> int:
        """How many small ranges may be read at a time: several if each is a separate request."""

    def identity(self) -> Identity:
        """Who it is."""

    def opened(self) -> AbstractContextManager["Source"]:
        """The source as of one moment, if it can promise one, while the block runs: as long as the job."""

    def settings(self) -> dict[str, str]:
        """How it is read, for the manifest's options; never a secret."""

    def tables(self) -> list[Table]:
        """The selected tables, sorted; raises `NotFoundError` for a name or glob that selects none."""

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """How each of some neighbouring tables is cut: they are planned together, since each may be small."""

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        """A function that reads ranges of these tables, `reads_at_once` at a time, in one session, during the block."""

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        """Take what remains after all rows of the intent's tables have been read; may be called twice.

        Raises:
            RefusedError: if a table was replaced or changed, so that its rows fit no schema.
        """


class Inspect(Protocol):
    """A room's reader of its own records, for verification."""

    def __call__(self, records: bytes, table: Table, key_range: KeyRange) -> Batch:
        """Decode canonical records, back to back, that must lie in `key_range`.

        Raises:
            IntegrityError: if the bytes are not canonical, or, where the room knows the order of keys,
                out of order or out of the range.
        """


class CheckAttachment(Protocol):
    """A room's reader of its own attachments, for verification: whether a restore could read them."""

    def __call__(self, name: str, data: bytes) -> None:
        """Read an attachment whose bytes are as they were written; one with an unknown name is accepted (V28).

        Raises:
            IntegrityError: if it is not what the room writes under this name.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """A table of a backup and where it goes.

    Attributes:
        table: The table as it was backed up.
        destination: Its name in the target.
        may_append: Whether rows may be added to existing ones.
        remedy: What to do if the table has rows and none may be added, for people.
        create: Whether the table is the restore's own: the target did not have it when `main` looked, or it has a mark
            of an unfinished restore of the same table of the same backup.
        backup: Id of the backup.
    """

    table: Table
    destination: str
    may_append: bool = False
    remedy: str = ""
    create: bool = False
    backup: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Records of neighbouring chunks that go into a table.

    Attributes:
        assignment: The table.
        piece: The piece's name, the same in every attempt of a job.
        records: Canonical records, back to back.
    """

    assignment: Assignment
    name: str
    records: bytes


@dataclass(frozen=True, slots=True)
class Ending:
    """How a restore ended: notes for people, and what was left out."""

    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class Samples(Protocol):
    """The first rows of the tables of a backup, with which a target can test what it is not sure of."""

    def records(self, table: Table) -> bytes:
        """The records of the first chunk that has any; empty if the table has none."""


class NoSamples:
    """No rows."""

    def records(self, table: Table) -> bytes:
        """See `Samples.records`."""
        return b""


NO_SAMPLES = NoSamples()


class Target(Protocol):
    """A database to write to; pickled to the workers like a source.

    Every call may be made twice; calls for a single table may run for several tables at once, in threads.
    """

    def identity(self) -> Identity:
        """Who it is."""

    def check(
        self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples = NO_SAMPLES
    ) -> list[Assignment]:
        """Check once whether the tables can be restored, and set which ones are to be created.

        Raises:
            RefusedError: with every table that cannot be restored, before anything is written.
        """

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """Do what must come before any table is prepared."""

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """Make the table ready to be written; `splits`, made when iterated, are keys that cut it into equal parts."""

    def write(self, loads: Sequence[Load]) -> list[int]:
        """Write pieces, each only once however often and in whichever groups they come.

        Returns:
            For each piece, how many of its values the target's rules will remove at once.
        """

    def warnings(self, destination: str, expired: int) -> list[str]:
        """Warnings for people about a restored table, `expired` of whose values the target's rules will remove."""

    def finish(self, assignment: Assignment) -> list[str]:
        """Do what must wait for the table's rows; returns notes for people."""

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """Do what must wait for all tables; returns the same each time, also after it succeeded."""

    def forget(self) -> None:
        """Remove what only repeated calls need: the job is over, so no call will be repeated."""

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """After a failure: what is left half done, for people; empty if nothing is."""
