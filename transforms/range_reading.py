"""Reads planned ranges; of several small ones the first rows are requested at once, since each is a round trip."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from transforms.batch import Batch
from transforms.identity import Table
from transforms.map_ahead import map_ahead
from transforms.source import Read
from transforms.vault.format.portion import PlannedRange, Portion


@dataclass(frozen=True, slots=True)
class RangeReading:
    """A range that is being read.

    Attributes:
        planned: The range.
        table: Its table.
        started: When reading began, microseconds since 1970, UTC.
        batches: Its rows.
    """

    planned: PlannedRange
    table: Table
    started: int
    batches: Generator[Batch, None, None]


def readings(
    read: Read, tables: Mapping[int, Table], portion: Portion, chunk_size: int, at_once: int
) -> Iterator[RangeReading]:
    """The ranges of a portion in their order, each once its first rows have arrived.

    Args:
        read: What reads a range.
        tables: The portion's tables, by their places in the intent.
        portion: What to read.
        chunk_size: As in `Read`.
        at_once: Most ranges being read: as many first batches are in memory beside the range that is processed.
    """
    begin = partial(_begin, read, tables, chunk_size)
    return map(begin, portion.ranges) if at_once == 1 else map_ahead(begin, portion.ranges, at_once)


def _begin(read: Read, tables: Mapping[int, Table], chunk_size: int, planned: PlannedRange) -> RangeReading:
    table, started = tables[planned.place], now_micros()
    batches = read(table, planned.range, chunk_size)
    return RangeReading(planned, table, started, _resumed(next(batches, None), batches))


def _resumed(first: Batch | None, batches: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
    """All batches, the first of which has been read already."""
    with closing(batches):
        if first is not None:
            yield first
            yield from batches


def now_micros() -> int:
    """The time, microseconds since 1970, UTC."""
    return time.time_ns() // 1000
