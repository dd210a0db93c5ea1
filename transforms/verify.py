"""Check a committed backup."""

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection
from apache_beam.transforms.combiners import ToList

from transforms.counters import count_checked
from transforms.errors import UsageError
from transforms.report import Report, merge
from transforms.shard_check import sum_shards
from transforms.verify_work import Entries, VerifyWork

LEVELS = ("L0", "L1", "L2", "L3")
"""The levels of a verification; each includes those before it. Reading the manifest is L0."""


@dataclass
class Verify(beam.PTransform[PBegin, PCollection[Report]]):
    """Check a backup at level L1, L2 or L3; gives one report."""

    work: VerifyWork
    level: str

    def __post_init__(self) -> None:
        """Check the level."""
        if self.level not in LEVELS[1:]:
            raise UsageError(f"level {self.level} is none of {', '.join(LEVELS[1:])}")

    def expand(self, pbegin: PBegin) -> PCollection[Report]:
        """One report."""
        work = self.work
        start = pbegin | "Start" >> beam.Create([None])
        shards, reports = _read_index(start, work)
        # Both are spread: Beam's fuser for Flink cannot flatten what is reshuffled with what is not.
        objects = (
            start | "List documents" >> beam.FlatMap(work.documents) | "Spread documents" >> beam.Reshuffle(),
            shards
            | "List objects" >> beam.Map(work.receipts if self.level == "L3" else work.objects)
            | "Spread objects" >> beam.Reshuffle(),
        ) | "Flatten objects" >> beam.Flatten()
        reports.append(objects | "Check inventory" >> beam.Map(work.check_objects))
        if self.level != "L1":
            reports.append(objects | "Check bytes" >> beam.Map(work.check_bytes))
        if self.level == "L3":
            reports += _check_content(shards, work)
        report: PCollection[Report] = (
            reports
            | beam.Flatten()
            | "Count checks" >> beam.Map(count_checked)
            | "Merge reports" >> beam.CombineGlobally(merge)
        )
        return report


def _read_index(start: PCollection[None], work: VerifyWork) -> tuple[PCollection[Entries], list[PCollection[Report]]]:
    parts = (
        start
        | "List index files" >> beam.FlatMap(work.index_files)
        | "Spread index files" >> beam.Reshuffle()
        | "Read index" >> beam.FlatMap(work.read_index)
        | "Part shards from reports" >> beam.Partition(_part, 2)  # type: ignore[arg-type]  # a plain function will do
    )
    return parts[0] | "Spread shards" >> beam.Reshuffle(), [parts[1]]


def _part(item: Entries | Report, _: int) -> int:
    return int(isinstance(item, Report))


def _check_content(shards: PCollection[Entries], work: VerifyWork) -> list[PCollection[Report]]:
    checked = shards | "Check shards" >> beam.FlatMap(work.check_shards)
    return [
        checked | "Report shards" >> beam.Map(lambda shard: shard.report),
        checked
        | "Sum by table" >> beam.WithKeys(lambda shard: shard.place)
        | beam.CombinePerKey(sum_shards)
        | beam.Values()
        | "Gather tables" >> ToList()
        | "Check tables" >> beam.FlatMap(work.check_tables),
    ]
