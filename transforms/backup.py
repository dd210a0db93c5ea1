"""Back up every table of an intent."""

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.combiners import ToList

from transforms.backup_work import BackupWork, index_group
from transforms.counters import count_index_file
from transforms.vault.format.portion import Portion
from transforms.vault.format.receipt import ReceiptSummary


@dataclass
class Backup(beam.PTransform[PBegin, PCollection[str]]):
    """Plan, read and index the tables of an intent, and commit the backup.

    Rows are never elements: the elements are numbers of plans, then portions of plans, then summaries
    of receipts, then summaries of index files. The graph has the same size for one table and for a thousand, and so
    have the values pickled to its steps, except where a source itself holds something of each table (a clone
    of PostgreSQL its marks). Every step may run twice: plans, receipts, index files and the manifest
    are created only once, an equal one counts as done, and of two shards for one range the index names one.
    """

    work: BackupWork

    def expand(self, pbegin: PBegin) -> PCollection[str]:
        """The manifest's name, once it is written."""
        work = self.work
        manifest: PCollection[str] = (
            pbegin
            | "Start" >> beam.Create([None])
            | "List plans" >> beam.FlatMap(work.plans)
            | "Plan" >> _Plan(work)
            | "Read" >> _Read(work)
            | "Key by index file" >> beam.WithKeys(index_group)
            | "Group receipts" >> beam.GroupByKey()
            | "Write index" >> beam.Map(work.write_index)
            | "Count rows" >> beam.Map(count_index_file)
            | "Gather index files" >> ToList()
            | "Conclude" >> beam.Map(work.conclude)
            | "Commit" >> beam.Map(work.commit)
        )
        return manifest


@dataclass
class _Plan(beam.PTransform[PCollection[int], PCollection[Portion]]):
    """Make plans: one by one or, where the number of readers in the whole job is limited, in lanes.

    The lanes of the readers begin after these have ended, since grouping waits for all: both may use all sessions.
    """

    work: BackupWork

    def expand(self, plans: PCollection[int]) -> PCollection[Portion]:
        """The plans' portions."""
        work = self.work
        planned: PCollection[Portion]
        if work.lanes is None:
            planned = plans | "Spread plans" >> beam.Reshuffle() | "Plan ranges" >> beam.FlatMap(work.plan)
            return planned
        planned = (
            plans
            | "Deal plans" >> beam.WithKeys(work.plan_lane_of)
            | "Group plans" >> beam.GroupByKey()
            | "Plan lanes" >> beam.FlatMap(work.plan_lane)
        )
        return planned


@dataclass
class _Read(beam.PTransform[PCollection[Portion], PCollection[ReceiptSummary]]):
    """Back up portions: one by one or, where the number of readers in the whole job is limited, in lanes."""

    work: BackupWork

    def expand(self, planned: PCollection[Portion]) -> PCollection[ReceiptSummary]:
        """The summaries of the portions' receipts."""
        work = self.work
        receipts: PCollection[ReceiptSummary]
        if work.lanes is None:
            receipts = (
                planned | "Spread portions" >> beam.Reshuffle() | "Back up portions" >> beam.Map(work.backup_portion)
            )
            return receipts
        receipts = (
            planned
            | "Deal to lanes" >> beam.WithKeys(work.lane)
            | "Group lanes" >> beam.GroupByKey()
            | "Back up lanes" >> beam.FlatMap(work.backup_lane)
        )
        return receipts
