"""Back up every table of an intent."""

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.combiners import ToList

from transforms.backup_work import BackupWork, index_group


@dataclass
class BackUp(beam.PTransform[PBegin, PCollection[str]]):
    """Plan, read and index the tables of an intent, and commit the backup.

    Rows are never elements: what travels is a planned range, then the summary of a receipt, then
    the summary of an index file. The graph is of the same size for one table and a thousand. Every
    step may run twice: plans, receipts, index files and the manifest are create-only and recognise
    themselves, and of two shards for one range the index names one.
    """

    work: BackupWork

    def expand(self, pbegin: PBegin) -> PCollection[str]:
        """The manifest's name, when it is written."""
        work = self.work
        manifest: PCollection[str] = (
            pbegin
            | "Start" >> beam.Create([None])
            | "List tables" >> beam.FlatMap(work.tables)
            | "Spread tables" >> beam.Reshuffle()
            | "Plan ranges" >> beam.FlatMap(work.plan)
            | "Spread ranges" >> beam.Reshuffle()
            | "Back up ranges" >> beam.Map(work.back_up)
            | "Key by index file" >> beam.WithKeys(index_group)
            | "Group receipts" >> beam.GroupByKey()
            | "Write index" >> beam.FlatMap(work.write_index)
            | "Gather index files" >> ToList()
            | "Commit" >> beam.Map(work.commit)
        )
        return manifest
