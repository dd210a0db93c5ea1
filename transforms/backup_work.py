"""The steps of a backup, as plain functions over one frozen value."""

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from transforms.index_group import write_index
from transforms.map_ahead import map_ahead
from transforms.portion_backup import PortionBackup
from transforms.progress import ProgressFile
from transforms.source import Source, TablePlan, Wanted
from transforms.vault.commit import Gathered, commit
from transforms.vault.format.attachments import attach
from transforms.vault.format.failure_note import note_failure
from transforms.vault.format.index import IndexFile
from transforms.vault.format.intent import Intent
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.plan import settle_plan
from transforms.vault.format.portion import PlannedRange, Portion, plans_of, portions_of, tables_of_plan
from transforms.vault.format.receipt import ReceiptSummary, find_receipts, stem_of, take_receipt
from transforms.vault.format.sealed_json import LARGEST_DOCUMENT
from transforms.vault.store.interface import read_whole
from transforms.vault.store.opening import open_store
from transforms.vault.store.prefixed import PrefixedStore

_LOG = logging.getLogger("shardkeep")

Item = TypeVar("Item")
Result = TypeVar("Result")


def _noted(step: Callable[["BackupWork", Item], Result]) -> Callable[["BackupWork", Item], Result]:
    """Wrap a step so that its failure is noted in the vault: the command may have ended when a worker fails."""

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
    """What every worker of a backup gets; the tables themselves are in the intent.

    Attributes:
        vault: The vault's location.
        source: The source to read.
        backup: The backup's id.
        chunk_size: Bytes of records after which a chunk ends, at the end of a row.
        wanted: How tables are cut into ranges.
        progress: Progress file.
        lanes: Number of groups into which plans, then portions, are dealt, one worker for each; None for no groups.
        readers: How many of a group are planned or read at once; times `lanes`, the limit for the whole job.
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
        """The intent, read once per process."""
        return _read_intent(self.vault, self.source.identity().folder, self.backup)

    @_noted
    def plans(self, _: None) -> list[int]:
        """The numbers of the plans, each of neighbouring tables."""
        return list(plans_of(len(self.intent().tables)))

    @_noted
    def plan(self, number: int) -> list[Portion]:
        """Plan neighbouring tables, or take the plan that exists."""
        tables = self.intent().tables
        places = tables_of_plan(number, len(tables))
        cut = self.source.plan([tables[place] for place in places], self.wanted)
        name = self.layout.plan(number)
        portions = settle_plan(self.store(), name, number, portions_of(number, self._weighed(places, cut)))
        self.progress.plan(name, items=sum(len(portion.ranges) for portion in portions))
        return portions

    def _weighed(self, places: Iterable[int], plans: Iterable[TablePlan]) -> Iterator[tuple[PlannedRange, int | None]]:
        """The ranges of tables, each with its share of the table's bytes; None if several ranges were asked for.

        Ranges that were asked for are read side by side, however small they are.
        """
        is_asked = (self.wanted.ranges or 1) > 1
        for place, plan in zip(places, plans, strict=True):
            share = None if plan.size is None or is_asked else plan.size // len(plan.ranges)
            for number, key_range in enumerate(plan.ranges):
                yield PlannedRange(place, number, key_range), share

    @_noted
    def backup_portion(self, portion: Portion) -> ReceiptSummary:
        """Back up the ranges of a portion."""
        return self._backup_portion(portion)

    def _backup_portion(self, portion: Portion) -> ReceiptSummary:
        work = PortionBackup(self.source, self.layout, self.chunk_size, self.progress)
        tables = self.intent().tables
        return work.run(self.store(), {planned.place: tables[planned.place] for planned in portion.ranges}, portion)

    def plan_lane_of(self, number: int) -> int:
        """The lane that makes a plan."""
        return number % (self.lanes or 1)

    def plan_lane(self, lane: tuple[int, Iterable[int]]) -> Iterator[Portion]:
        """Make the plans of a lane, `readers` at once."""
        return chain.from_iterable(map_ahead(self.plan, sorted(lane[1]), self.readers))

    def lane(self, portion: Portion) -> int:
        """The lane that backs up a portion."""
        return (portion.plan + portion.number) % (self.lanes or 1)

    def backup_lane(self, lane: tuple[int, Iterable[Portion]]) -> Iterator[ReceiptSummary]:
        """Back up the portions of a lane, `readers` at once.

        A lane may take hours, and an engine that loses it starts it again: what an earlier attempt has finished is
        kept. It is of the same backup, so of the same job, and of the same moment if the source promises one.
        """
        portions = sorted(lane[1], key=lambda item: (item.plan, item.number))
        return map_ahead(self._take_or_backup, self._with_receipts(portions), self.readers)

    @_noted
    def _with_receipts(self, portions: Sequence[Portion]) -> list[tuple[Portion, str | None]]:
        """Portions, each with the name of its receipt if there is one."""
        stems = {stem_of(self.layout.receipt(item.plan, item.number, "")): item for item in portions}
        found = find_receipts(self.store(), stems)
        return [(item, found.get(stem)) for stem, item in stems.items()]

    @_noted
    def _take_or_backup(self, item: tuple[Portion, str | None]) -> ReceiptSummary:
        portion, name = item
        return self._backup_portion(portion) if name is None else take_receipt(self.store(), name, portion)

    @_noted
    def write_index(self, group: tuple[tuple[int, int], Iterable[ReceiptSummary]]) -> IndexFile:
        """Write an index file from the receipts of its portions."""
        (plan, number), receipts = group
        return write_index(self.store(), self.layout, plan, number, receipts)

    @_noted
    def conclude(self, files: Sequence[IndexFile]) -> Gathered:
        """Take what remains to be read after all rows."""
        conclusion = self.source.conclude(self.intent().tables)
        attachments = attach(self.store(), self.layout, conclusion.attachments)
        return Gathered(files, conclusion.facts, attachments, conclusion.schemas)

    @_noted
    def commit(self, gathered: Gathered) -> str:
        """Write the manifest; returns its name."""
        commit(self.store(), self.backup, gathered)
        _LOG.info("committed backup %s of %s", self.backup, self.source.identity().folder)
        return self.layout.manifest


def index_group(receipt: ReceiptSummary) -> tuple[int, int]:
    """The index file of a receipt: its plan, and the file's number in the plan."""
    return receipt.plan, receipt.file


@functools.lru_cache(maxsize=4)
def _read_intent(vault: str, folder: str, backup: str) -> Intent:
    name = BackupLayout(backup).intent
    return Intent.decode(read_whole(PrefixedStore(open_store(vault), folder), name, LARGEST_DOCUMENT), name)
