"""Tables and ranges that are dealt to so many lanes: how many of them are worked on at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.memory_room import by_hand, on_engine
from tests.memory_room.database import DATABASES, MemoryTable, Readers, new_database
from tests.memory_room.lanes import by_lane, committed, database_of, new_work, one_table, small_tables
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from transforms.backup_work import BackupWork
from transforms.errors import UnreachableError
from transforms.vault.format.receipt import stem_of


def digests(work: BackupWork) -> dict[str, str]:
    return {entry.table.name: entry.totals.digest for entry in committed(work).manifest().tables}


@pytest.mark.parametrize(("lanes", "readers"), [(1, 1), (3, 2), (50, 3)])
def test_a_backup_in_lanes_is_the_same_and_has_no_more_readers(lanes: int, readers: int, tmp_path: Path) -> None:
    source = MemorySource(new_database({**two_tables(rows=230), "empty": MemoryTable(nullable=True)}))
    plain = by_hand.new_work(str(tmp_path / "plain"), source, 3)
    by_hand.backup(plain)
    DATABASES[source.database].readers = readers_seen = Readers()
    DATABASES[source.database].planners = planners_seen = Readers()
    work = new_work(tmp_path / "lanes", source, 11, lanes, readers)
    on_engine.backup(work)
    assert digests(work) == digests(plain)
    assert [entry.ranges for entry in committed(work).manifest().tables] == [2, 11, 12]
    for seen in (planners_seen, readers_seen):
        assert (seen.now, 0 < seen.most <= lanes * readers) == (0, True)
    assert by_hand.verify(committed(work), "L3").ok


def test_tables_the_ranges_of_one_and_small_tables_are_dealt_to_all_lanes(tmp_path: Path) -> None:
    for source, ranges in ((one_table(), 12), (small_tables(12), 1)):
        lanes = by_lane(new_work(tmp_path, source, ranges, lanes=3))
        assert {lane: len(planned) for lane, planned in lanes.items()} == {0: 4, 1: 4, 2: 4}
    work = new_work(tmp_path, small_tables(12), 1, lanes=3)
    assert [work.plan_lane_of(number) for number in work.plans(None)] == [0, 1, 2, 0]


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_a_lane_reads_so_many_ranges_at_once_as_it_has_readers(tmp_path: Path, readers: int) -> None:
    work = new_work(tmp_path, one_table(), 8, 1, readers)
    [portions] = by_lane(work).values()
    database_of(work).readers = counted = Readers(meeting=threading.Barrier(readers))
    receipts = list(work.backup_lane((0, reversed(portions))))
    assert [stem_of(item.receipt.name)[-13:] for item in receipts] == [f"000000-{number:06d}" for number in range(8)]
    assert (counted.now, counted.most) == (0, readers)


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_a_lane_makes_so_many_plans_at_once_as_it_has_readers(tmp_path: Path, readers: int) -> None:
    work = new_work(tmp_path, small_tables(8), 1, 1, readers)
    database_of(work).planners = counted = Readers(meeting=threading.Barrier(readers))
    planned = list(work.plan_lane((0, reversed(work.plans(None)))))
    assert (counted.now, counted.most) == (0, readers)
    database_of(work).planners = Readers()
    assert planned == by_hand.portions(work)


class ThirdOne(Readers):
    """The first waits for two more, for a while; without them nobody waits any longer."""

    @contextmanager
    def one_more(self) -> Iterator[None]:
        assert self.meeting is not None
        self._count(1)
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(timeout=0.5)
        yield
        self._count(-1)


def test_of_four_workers_two_lanes_take_two(tmp_path: Path) -> None:
    work = new_work(tmp_path, small_tables(12), 1, lanes=2)
    database = database_of(work)
    database.planners, database.readers = (ThirdOne(meeting=threading.Barrier(3)) for _ in range(2))
    on_engine.backup(work, "--direct_num_workers=4", "--direct_running_mode=multi_threading")
    assert (database.planners.most, database.readers.most) == (2, 2)


def test_a_lane_ends_with_the_error_of_its_first_range_that_fails(tmp_path: Path) -> None:
    work = new_work(tmp_path, one_table(), 12, 2, readers=2)
    database = database_of(work)
    database.faults["read", min(database.tables["t"].keyed)] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        on_engine.backup(work)
    assert database.readers.now == 0
    assert database.calls["read"] < 12
    assert database.calls["conclude"] == 0
