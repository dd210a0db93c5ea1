"""What a database's room provides to be backed up, restored and verified."""

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
    """How a table is to be cut: into `ranges` of them, or, if None, into shards of about `shard_size` bytes."""

    ranges: int | None
    shard_size: int


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table is cut.

    Attributes:
        ranges: Ranges that tile its key spaces, each space's ranges in the order of its keys.
        size: Bytes on the source's disks, as far as the source can tell; None if it cannot. What is small is read
            together.
    """

    ranges: Sequence[KeyRange]
    size: int | None = None


Read = Callable[[Table, KeyRange, int], Generator[Batch, None, None]]
"""The rows of a range of a table, cut behind the row that brings a batch to so many bytes of records."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a source has to say when all of its rows have been read.

    Attributes:
        facts: What the manifest should hold of the reading: a JSON object, never a secret.
        attachments: By name, what belongs to the backup beside the rows.
        schemas: Of tables that grew while they were read, by their places in the intent: the schema that holds for all
            of the rows. The manifest has it instead of the intent's.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    schemas: Mapping[int, dict[str, Any]] = field(default_factory=dict)


class Source(Protocol):
    """What is selected of a database, to be read; it is pickled to the workers, so it opens connections late."""

    @property
    def consistency(self) -> str:
        """What a backup of it promises, a word of `docs/vault.md`."""

    @property
    def reads_at_once(self) -> int:
        """How many small ranges a `Read` may be reading at a time: several where each is a request of its own."""

    def identity(self) -> Identity:
        """Who it is."""

    def opened(self) -> AbstractContextManager["Source"]:
        """The source as of one moment, as far as it can promise one, while the block runs: as long as the job."""

    def settings(self) -> dict[str, str]:
        """How it is read, for the record in the manifest's options; never a secret."""

    def tables(self) -> list[Table]:
        """The selected tables, sorted; raises `NotFoundError` for a name or glob that selects none."""

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """How each of some neighbouring tables is cut: they are planned together, for each alone may be small."""

    def reading(self, tables: Sequence[Table]) -> AbstractContextManager[Read]:
        """What reads ranges of these tables, `reads_at_once` at a time, while the block runs: in one session."""

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        """What remains to be taken when all rows of the intent's tables have been read; perhaps called twice.

        Raises:
            RefusedError: if a table is not the one that was planned any more, so that its rows fit no schema.
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
        """Read an attachment whose bytes are those that were written; one of an unknown name is let pass (V28).

        Raises:
            IntegrityError: if it is not what the room writes under this name.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """A table of a backup and where it goes.

    Attributes:
        table: The table as it was backed up.
        destination: Its name in the target.
        may_append: Whether rows may be added to those that are there.
        remedy: What to do, for people, where there are rows and none may be added.
        create: Whether the table is the restore's own: the target lacked it when `main` looked, or had it, by a mark
            that the room knows, from a restore of the same table of the same backup that broke off.
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
        piece: The records' name, the same in every try of a job.
        records: Canonical records, back to back.
    """

    assignment: Assignment
    piece: str
    records: bytes


@dataclass(frozen=True, slots=True)
class Ending:
    """How a restore ended: what a person should know, and what was left out."""

    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class Samples(Protocol):
    """The first rows of the tables of a backup, so that a target can try what it is not sure of."""

    def records(self, table: Table) -> bytes:
        """The records of the first chunk that has any; empty if the table has none."""


class NoSamples:
    """No rows at all."""

    def records(self, table: Table) -> bytes:
        """See `Samples.records`."""
        return b""


NO_SAMPLES = NoSamples()


class Target(Protocol):
    """A database to write to; pickled to the workers like a source.

    Every call may be made twice, and those for one table for several tables at once, in threads.
    """

    def identity(self) -> Identity:
        """Who it is."""

    def check(
        self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples = NO_SAMPLES
    ) -> list[Assignment]:
        """Judge once whether the tables can be restored, and tell which ones are to be created.

        Raises:
            RefusedError: naming every table that cannot: before anything is written.
        """

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """What comes before any table is prepared."""

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """Make the table ready to be written; `splits`, read when asked for, are keys that cut it into equal parts."""

    def write(self, loads: Sequence[Load]) -> list[int]:
        """Write some pieces, each once, however often it is called, in whichever company.

        Returns:
            For each, how many of its values the target's own rules will remove at once.
        """

    def warnings(self, destination: str, expired: int) -> list[str]:
        """What a person should know of a restored table of which so many values will not stay; empty if nothing."""

    def finish(self, assignment: Assignment) -> list[str]:
        """What must wait until the table's data is there; returns what a person should know."""

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """What must wait until all tables are finished; says the same each time, also after it succeeded."""

    def forget(self) -> None:
        """Remove what only calls that are made twice need: the job is over, none will be."""

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """After a failure: what is left half done of all tables, for people; empty if nothing is."""
