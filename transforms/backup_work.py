"""The steps of a backup, as plain functions over one frozen value."""

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from transforms.index_group import write_index
from transforms.map_ahead import map_ahead
from transforms.progress import ProgressFile
from transforms.range_backup import RangeBackup
from transforms.source import Source, Wanted
from transforms.vault.attachments import attach
from transforms.vault.commit import Gathered, commit
from transforms.vault.failure_note import note_failure
from transforms.vault.index import RANGES_PER_FILE, IndexFile
from transforms.vault.intent import Intent
from transforms.vault.layout import BackupLayout
from transforms.vault.plan import PlannedRange, settle_plan
from transforms.vault.prefixed_store import PrefixedStore
from transforms.vault.receipt import ReceiptSummary
from transforms.vault.stores import open_store

_LOG = logging.getLogger("shardkeep")

Item = TypeVar("Item")
Result = TypeVar("Result")


def _noted(step: Callable[["BackupWork", Item], Result]) -> Callable[["BackupWork", Item], Result]:
    """A step whose failure is noted in the vault: the command may be gone when a worker fails."""

    @functools.wraps(step)
    def noting(work: "BackupWork", item: Item) -> Result:
        try:
            return step(work, item)
        except Exception as error:
            note_failure(work.store(), work.layout, error)
            raise

    return noting


@dataclass(frozen=True, slots=True)
class BackupWork:
    """What every worker of a backup is told; the tables themselves stand in the intent.

    Attributes:
        vault: The vault's place.
        source: Whom it reads.
        backup: The backup's id.
        chunk_size: Bytes of records after which a chunk ends, at the end of a row.
        wanted: How tables are cut into ranges.
        progress: Where the work is told of.
        lanes: Into how many groups the ranges are dealt, each read by one worker; None for no groups.
        readers: How many ranges of a group are read at once. The product bounds the readers of a whole job.
    """

    vault: str
    source: Source
    backup: str
    chunk_size: int
    wanted: Wanted
    progress: ProgressFile
    lanes: int | None = None
    readers: int = 1

    @property
    def layout(self) -> BackupLayout:
        """Names of the backup's objects."""
        return BackupLayout(self.backup)

    def store(self) -> PrefixedStore:
        """The objects of the source's folder."""
        return PrefixedStore(open_store(self.vault), self.source.identity().folder)

    def intent(self) -> Intent:
        """The intent, read once a process."""
        return _read_intent(self.vault, self.source.identity().folder, self.backup)

    @_noted
    def tables(self, _: None) -> list[int]:
        """The places of the tables in the intent."""
        return list(range(len(self.intent().tables)))

    @_noted
    def plan(self, table: int) -> list[PlannedRange]:
        """Plan a table's ranges, or take the plan that is there."""
        item = self.intent().tables[table]
        ranges = settle_plan(self.store(), self.layout.plan(item.folder), self.source.ranges(item, self.wanted))
        self.progress.add(planned=len(ranges))
        return [PlannedRange(table, number, key_range) for number, key_range in enumerate(ranges)]

    @_noted
    def back_up(self, planned: PlannedRange) -> ReceiptSummary:
        """Back up a planned range."""
        work = RangeBackup(self.source, self.layout, self.chunk_size, self.progress)
        return work.back_up(self.store(), self.intent().tables[planned.table], planned)

    def lane(self, planned: PlannedRange) -> int:
        """The group that a range is dealt to."""
        return (planned.table + planned.number) % (self.lanes or 1)

    def back_up_lane(self, lane: tuple[int, Iterable[PlannedRange]]) -> Iterator[ReceiptSummary]:
        """Back up the ranges of a group, so many at once as there are readers."""
        return map_ahead(self.back_up, sorted(lane[1], key=lambda item: (item.table, item.number)), self.readers)

    @_noted
    def write_index(self, group: tuple[tuple[int, int], Iterable[ReceiptSummary]]) -> list[IndexFile]:
        """Write the index of a group of neighbouring ranges."""
        (table, number), receipts = group
        return write_index(self.store(), self.layout, self.intent().tables[table].folder, number, receipts)

    @_noted
    def conclude(self, files: Sequence[IndexFile]) -> Gathered:
        """Take what remains when all rows are there."""
        conclusion = self.source.conclude()
        return Gathered(files, conclusion.facts, attach(self.store(), self.layout, conclusion.attachments))

    @_noted
    def commit(self, gathered: Gathered) -> str:
        """Write the manifest; returns its name."""
        commit(self.store(), self.backup, gathered)
        _LOG.info("committed backup %s of %s", self.backup, self.source.identity().folder)
        return self.layout.manifest


def index_group(receipt: ReceiptSummary) -> tuple[int, int]:
    """The index file that a receipt belongs to: its table's place and the file's number."""
    return receipt.table, receipt.number // RANGES_PER_FILE


@functools.lru_cache(maxsize=4)
def _read_intent(vault: str, folder: str, backup: str) -> Intent:
    name = BackupLayout(backup).intent
    return Intent.decode(PrefixedStore(open_store(vault), folder).read(name), name)
