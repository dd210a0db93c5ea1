"""Restore tables of a committed backup."""

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import AsList, AsSingleton, PBegin, PCollection
from apache_beam.transforms.combiners import ToList

from transforms.counters import count_written
from transforms.restore_work import Places, RestoreWork, table_group
from transforms.restored import Restored, WrittenTables, sum_written
from transforms.verify import Verify


@dataclass
class Restore(beam.PTransform[PBegin, PCollection[Restored]]):
    """Check a backup at L1, prepare all tables, write their chunks, finish each table and then the whole.

    Nothing is written before everything that is restored has been checked, and no row before every table is
    ready. Chunks are shuffled, so that no part of the key space is written in key order.
    """

    work: RestoreWork

    def expand(self, pbegin: PBegin) -> PCollection[Restored]:
        """All restored tables, in one value, once everything is done."""
        work = self.work
        report = pbegin | "Check backup" >> Verify(work.checked(), "L1")
        begun = pbegin | "Start" >> beam.Create([None]) | "Begin" >> beam.Map(work.begin, AsSingleton(report))
        places = begun | "List tables" >> beam.FlatMap(work.places) | "Spread tables" >> beam.Reshuffle()
        prepared = places | "Prepare tables" >> beam.Map(work.prepare)
        written = _write(begun, prepared, work)
        restored: PCollection[Restored] = (
            {
                "prepared": prepared | "Key by group" >> beam.WithKeys(lambda places: table_group(places[0])),
                "written": written,
            }
            | "Wait for all rows" >> beam.CoGroupByKey()
            | "Finish tables"
            >> beam.MapTuple(lambda _, parts: work.finish(next(iter(parts["prepared"])), parts["written"]))
            | "Gather tables" >> ToList()
            | "End" >> beam.Map(work.end)
            | "Look at other tables" >> beam.Map(work.look_at_others)
        )
        return restored


def _write(
    begun: PCollection[None], prepared: PCollection[Places], work: RestoreWork
) -> PCollection[tuple[int, WrittenTables]]:
    written: PCollection[tuple[int, WrittenTables]] = (
        begun
        | "List index files" >> beam.FlatMap(work.index_files)
        | "Spread index files" >> beam.Reshuffle()
        | "Cut into runs" >> beam.FlatMap(work.runs)
        | "Spread runs" >> beam.Reshuffle()
        | "Write runs" >> beam.Map(work.write, AsList(prepared))
        | "Count rows" >> beam.Map(count_written)
        | "Sum by group" >> beam.CombinePerKey(sum_written)
    )
    return written
