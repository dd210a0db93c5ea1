"""What a database's room provides to be backed up, restored and verified."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from transforms.batch import Batch
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a table is to be cut: into `ranges` of them, or, if None, into shards of about `shard_size` bytes."""

    ranges: int | None
    shard_size: int


class Source(Protocol):
    """A database to read from; it is pickled to the workers, so it opens connections late.

    `consistency` is what a backup of it promises, a word of `docs/vault.md`.
    """

    consistency: ClassVar[str]

    def identity(self) -> Identity:
        """Who it is."""

    def settings(self) -> dict[str, str]:
        """How it is read, for the record in the manifest's options; never a secret."""

    def tables(self, patterns: Sequence[str]) -> list[Table]:
        """The tables that names or globs select, sorted; raises `NotFoundError` for one that selects none."""

    def ranges(self, table: Table, wanted: Wanted) -> list[KeyRange]:
        """Ranges that tile the table's key spaces, each space's ranges in the order of its keys."""

    def read(self, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        """The rows of a range, cut behind the row that brings a batch to `chunk_size` bytes of records."""


class Inspect(Protocol):
    """A room's reader of its own records, for verification."""

    def __call__(self, records: bytes, table: Table, key_range: KeyRange) -> Batch:
        """Decode canonical records, back to back, that must lie in `key_range`.

        Raises:
            IntegrityError: if the bytes are not canonical, or, where the room knows the order of keys,
                out of order or out of the range.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """A table of a backup and where it goes.

    Attributes:
        table: The table as it was backed up.
        destination: Its name in the target.
        may_append: Whether rows may be added to those that are there.
        remedy: What to do, for people, where there are rows and none may be added.
        create: Whether the target lacked the table when `main` looked.
    """

    table: Table
    destination: str
    may_append: bool = False
    remedy: str = ""
    create: bool = False


class Target(Protocol):
    """A database to write to; pickled to the workers like a source. Every call may be made twice."""

    def identity(self) -> Identity:
        """Who it is."""

    def check(self, assignments: Sequence[Assignment]) -> list[Assignment]:
        """Judge once whether the tables can be restored, and tell which ones are to be created.

        Raises:
            RefusedError: naming every table that cannot: before anything is written.
        """

    def prepare(self, assignment: Assignment, splits: Sequence[bytes]) -> None:
        """Make the table ready to be written; `splits` are keys that cut it into parts of equal weight."""

    def write(self, assignment: Assignment, records: bytes) -> int:
        """Write canonical records, idempotently; returns how many cells will not stay (garbage at once)."""

    def finish(self, assignment: Assignment) -> list[str]:
        """What must wait until the data is there; returns what a person should know."""

    def unfinished(self, assignment: Assignment) -> list[str]:
        """After a failure: what is left half done, with the commands that finish it."""
