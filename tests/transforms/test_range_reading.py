"""Small ranges are read side by side where a source says so, and what is kept of them is the same."""

import threading
from itertools import chain
from pathlib import Path

import pytest

from tests.memory_room import by_hand
from tests.memory_room.database import Database, MemoryTable, new_database
from tests.memory_room.lanes import database_of
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import keyed
from transforms.backup_work import BackupWork
from transforms.errors import UnreachableError
from transforms.vault.format.portion import PlannedRange, Portion
from transforms.vault.format.receipt import read_receipt

TABLES = 4


def work_on(tmp_path: Path, at_once: int) -> tuple[BackupWork, Portion, Database]:
    """A backup of small tables, all of which are one portion; the rows of each are several batches."""
    tables = {f"t{number}": MemoryTable(keyed(50 * number, number)) for number in range(TABLES)}
    work = by_hand.new_work(str(tmp_path / "vault"), MemorySource(new_database(tables), reads_at_once=at_once), 1)
    ranges = tuple(chain.from_iterable(portion.ranges for portion in by_hand.portions(work)))
    assert ranges == tuple(PlannedRange(place, 0, ranges[0].range) for place in range(TABLES))
    return work, Portion(0, 0, 0, ranges), database_of(work)


def rows_of(work: BackupWork, portion: Portion) -> list[tuple[int, int]]:
    """Place and rows of the tables that a portion's receipt speaks of."""
    found = read_receipt(work.store(), work.backup_portion(portion).receipt)
    return [(entry.place, sum(chunk.rows for chunk in entry.shard.chunks)) for entry in found]


ROWS = [(place, 50 * place) for place in range(TABLES)]


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (3, 3), (64, TABLES)])
def test_so_many_ranges_of_a_portion_are_read_at_once(tmp_path: Path, at_once: int, most: int) -> None:
    work, portion, database = work_on(tmp_path, at_once)
    database.readers.meeting = threading.Barrier(2) if at_once > 1 else None
    assert rows_of(work, portion) == ROWS
    assert database.readers.most <= most
    assert database.calls["read"] == TABLES


def test_a_range_that_cannot_be_read_is_an_error_whatever_is_read_beside_it(tmp_path: Path) -> None:
    work, portion, database = work_on(tmp_path, 3)
    database.faults["read", min(database.tables["t2"].keyed)] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        work.backup_portion(portion)
    assert [name for name in work.store().list("") if "/data/" in name or "/receipts/" in name] == []
    assert database.readers.now == 0
    database.faults.clear()
    assert rows_of(work, portion) == ROWS
