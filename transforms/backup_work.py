"""The steps of a backup, as plain functions over one frozen value."""

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
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
from transforms.vault.receipt import ReceiptSummary, find_receipts, stem_of, take_receipt
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
        lanes: Into how many groups tables, then ranges, are dealt, each taken by one worker; None for no groups.
        readers: How much of a group is planned or read at once. The product bounds how many in a whole job do.
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
        return self._back_up(planned)

    def _back_up(self, planned: PlannedRange) -> ReceiptSummary:
        work = RangeBackup(self.source, self.layout, self.chunk_size, self.progress)
        return work.back_up(self.store(), self.intent().tables[planned.table], planned)

    def table_lane(self, table: int) -> int:
        """The group that a table is dealt to, to be planned."""
        return table % (self.lanes or 1)

    def plan_lane(self, lane: tuple[int, Iterable[int]]) -> Iterator[PlannedRange]:
        """Plan the tables of a group, so many at once as there are readers."""
        return chain.from_iterable(map_ahead(self.plan, sorted(lane[1]), self.readers))

    def lane(self, planned: PlannedRange) -> int:
        """The group that a range is dealt to."""
        return (planned.table + planned.number) % (self.lanes or 1)

    def back_up_lane(self, lane: tuple[int, Iterable[PlannedRange]]) -> Iterator[ReceiptSummary]:
        """Back up the ranges of a group, so many at once as there are readers.

        A group may take hours, and an engine that loses it begins it again: what an earlier try has finished is taken
        as it is. It is of the same backup, thus of the same job, and of its moment if the source promises one.
        """
        planned = sorted(lane[1], key=lambda item: (item.table, item.number))
        return map_ahead(self._take_or_back_up, self._with_receipts(planned), self.readers)

    @_noted
    def _with_receipts(self, planned: Sequence[PlannedRange]) -> list[tuple[PlannedRange, str | None]]:
        """Planned ranges, each with the name of a receipt that is there."""
        stems = {item: self._stem(item) for item in planned}
        found = find_receipts(self.store(), frozenset(stems.values()))
        return [(item, found.get(stem)) for item, stem in stems.items()]

    def _stem(self, planned: PlannedRange) -> str:
        return stem_of(self.layout.receipt(self.intent().tables[planned.table].folder, planned.number, ""))

    @_noted
    def _take_or_back_up(self, item: tuple[PlannedRange, str | None]) -> ReceiptSummary:
        planned, name = item
        return self._back_up(planned) if name is None else take_receipt(self.store(), name, planned)

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
