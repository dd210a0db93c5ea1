"""From receipts to index files: one shard for each range, and ranges that tile."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faulty_store import Fault, faulty_stores
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, NULLS, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE, two_tables
from transforms.backup_work import BackupWork, index_group
from transforms.errors import IntegrityError, NotFoundError, UnreachableError
from transforms.index_group import choose, write_index
from transforms.key_range import KeyRange
from transforms.vault.index import IndexFile, read_index
from transforms.vault.object_ref import ObjectRef
from transforms.vault.plan import PlannedRange
from transforms.vault.receipt import ReceiptSummary


@dataclass(frozen=True)
class Backup:
    work: BackupWork
    planned: list[PlannedRange]

    def receipts(self) -> list[ReceiptSummary]:
        return [self.work.back_up(planned) for planned in self.planned]

    def index(self, receipts: list[ReceiptSummary], table: str = ORDERS) -> list[IndexFile]:
        return write_index(self.work.store(), self.work.layout, table, 0, receipts)

    def shards(self) -> list[str]:
        return [name for name in self.work.store().list(f"{self.work.backup}/data/") if name.endswith(".avro")]


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables())))
    return Backup(work, [planned for planned in by_hand.planned_ranges(work) if planned.table == 0])


def summary(number: int, name: str, start: bytes, end: bytes, space: str = "") -> ReceiptSummary:
    return ReceiptSummary(0, number, name, KeyRange(space, start, end), ObjectRef(name, 1, 2, bytes(32)))


def test_two_receipts_for_one_range_leave_the_one_of_the_smaller_name() -> None:
    first, second = summary(0, "a", b"", b"m"), summary(0, "b", b"", b"m")
    other = summary(1, "c", b"m", b"")
    for mixed in itertools.permutations([first, second, other, first]):
        assert choose(mixed) == [first, other]


@pytest.mark.parametrize("end", [b"", b"n", b"a"])
def test_ranges_that_begin_alike_and_are_not_equal_are_an_error(end: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"^b and a overlap: \[x, .*\) and \[x, m\)"):
        choose([summary(0, "a", b"x", b"m"), summary(0, "b", b"x", end)])


def test_equal_ranges_of_two_key_spaces_are_two_ranges() -> None:
    both = [summary(0, "a", b"", b""), summary(1, "b", b"", b"", NULLS)]
    assert choose(reversed(both)) == both


def test_receipts_come_out_in_the_plans_order_and_not_in_that_of_keys() -> None:
    # Only the server knows its order: here it is that of numbers, written as text.
    plan = [summary(0, "z", b"", b"9"), summary(1, "y", b"9", b"10"), summary(2, "x", b"10", b"")]
    assert choose(reversed(plan)) == plan


def test_index_files_hold_the_receipts_of_their_ranges(backup: Backup) -> None:
    receipts = backup.receipts()
    [file] = backup.index(receipts)
    entries = read_index(backup.work.store(), file)
    assert [entry.receipt for entry in entries] == [receipt.receipt for receipt in receipts]
    assert [entry.shard.range for entry in entries] == [planned.range for planned in backup.planned]
    assert (file.shards, file.range) == (3, KeyRange())
    assert file.totals.rows == 30


def test_an_index_file_is_a_function_of_its_receipts(backup: Backup) -> None:
    receipts = backup.receipts()
    files = [backup.index(list(mixed)) for mixed in itertools.permutations([*receipts, receipts[0]])]
    assert all(file == files[0] for file in files)
    assert len(list(backup.work.store().list(f"{backup.work.backup}/index/"))) == 1


def test_each_key_space_has_an_index_file_of_its_own(tmp_path: Path) -> None:
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables())))
    receipts = [work.back_up(planned) for planned in by_hand.planned_ranges(work) if planned.table == 1]
    files = work.write_index((index_group(receipts[0]), receipts))
    assert [(file.range, file.shards) for file in files] == [(KeyRange(), 3), (KeyRange(NULLS), 1)]
    assert all(f"/index/{PEOPLE}-000000-" in file.object.name for file in files)


def test_a_second_try_of_a_range_is_not_in_the_index(backup: Backup) -> None:
    receipts, again = backup.receipts(), backup.receipts()
    [file] = backup.index([*again, *receipts])
    named = [entry.shard.object.name for entry in read_index(backup.work.store(), file)]
    assert len(backup.shards()) == 6
    assert named == [min(pair).replace(".receipt", ".avro") for pair in _names(receipts, again)]


def _names(receipts: list[ReceiptSummary], again: list[ReceiptSummary]) -> list[tuple[str, str]]:
    return [(one.name, other.name) for one, other in zip(receipts, again, strict=True)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_in_the_middle_of_a_shard_leaves_no_shard(backup: Backup, place: int) -> None:
    database = DATABASES[backup.work.source.identity().parts[0][1]]
    key = sorted(database.tables[ORDERS].keyed)[place * 10 + 9]
    database.faults["read", key] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match="the server is gone"):
        backup.work.back_up(backup.planned[place])
    assert backup.shards() == []
    database.faults.clear()
    [file] = backup.index(backup.receipts())
    named = [entry.shard.object.name for entry in read_index(backup.work.store(), file)]
    assert named == backup.shards()


def test_a_shard_without_a_receipt_is_not_in_the_index(backup: Backup) -> None:
    with faulty_stores(Fault()) as dry:
        backup.work.back_up(backup.planned[0])
    put = next(number for number, call in enumerate(dry.calls, 1) if call.startswith("put"))
    with faulty_stores(Fault(put, for_good=True)), pytest.raises(UnreachableError):
        backup.work.back_up(backup.planned[0])
    [file] = backup.index(backup.receipts())
    named = [entry.shard.object.name for entry in read_index(backup.work.store(), file)]
    assert len(named) == 3
    assert len(backup.shards()) == 5


def test_a_gap_between_receipts_is_an_error(backup: Backup) -> None:
    receipts = backup.receipts()
    with pytest.raises(IntegrityError, match="the ranges do not tile"):
        backup.index([receipts[0], receipts[2]])
    assert list(backup.work.store().list(f"{backup.work.backup}/index/")) == []


def test_ranges_that_overlap_in_part_are_an_error(backup: Backup) -> None:
    first, second, third = backup.planned
    wider = replace(first, range=KeyRange("", first.range.start, second.range.end))
    receipts = [backup.work.back_up(planned) for planned in (wider, second, third)]
    with pytest.raises(IntegrityError, match="the ranges do not tile"):
        backup.index(receipts)


def test_a_receipt_that_is_not_what_was_written_is_an_error(backup: Backup, tmp_path: Path) -> None:
    receipts = backup.receipts()
    path = tmp_path / backup.work.source.identity().folder / receipts[1].name
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"x", data[:50] + b"\xff" + data[51:], b""):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match=f"{receipts[1].name}: the receipt is not the one that was written"):
            backup.index(receipts)
    path.unlink()
    with pytest.raises(NotFoundError, match=receipts[1].name):
        backup.index(receipts)
