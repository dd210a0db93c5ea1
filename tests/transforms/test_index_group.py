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
from transforms.index_group import Received, choose, write_index
from transforms.key_range import KeyRange
from transforms.vault.format.index import IndexEntry, IndexFile, read_index
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.format.portion import Portion, portions_of
from transforms.vault.format.receipt import ReceiptEntry, ReceiptSummary
from transforms.vault.format.shard import Shard


@dataclass(frozen=True)
class Backup:
    work: BackupWork
    portions: list[Portion]

    def receipts(self) -> list[ReceiptSummary]:
        return [self.work.backup_portion(portion) for portion in self.portions]

    def index(self, receipts: list[ReceiptSummary]) -> IndexFile:
        return write_index(self.work.store(), self.work.layout, 0, 0, receipts)

    def entries(self, receipts: list[ReceiptSummary]) -> list[IndexEntry]:
        return read_index(self.work.store(), self.index(receipts))

    def named(self, receipts: list[ReceiptSummary]) -> list[str]:
        return [entry.shard.object.name for entry in self.entries(receipts)]

    def shards(self) -> list[str]:
        return list(self.work.store().list(f"{self.work.backup}/data/"))


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    """A table of three ranges, each a portion."""
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables())))
    return Backup(work, [portion for portion in by_hand.portions(work) if portion.plan == 0])


@pytest.fixture
def small(tmp_path: Path) -> Backup:
    """Two tables of seven small ranges, in one portion."""
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables()), size=9))
    ranges = [planned for portion in by_hand.portions(work) for planned in portion.ranges]
    return Backup(work, portions_of(0, ((planned, 3) for planned in ranges)))


def received(number: int, name: str, start: bytes, end: bytes, space: str = "", table: int = 0) -> Received:
    """A shard and its receipt; both have this name."""
    ref = ObjectRef(name, 1, 2, bytes(32))
    return ReceiptEntry(table, number, Shard(ref, bytes(16), KeyRange(space, start, end), 0, 1, ())), ref


def test_of_two_shards_of_one_range_the_one_of_the_smaller_receipt_counts() -> None:
    first, second = received(0, "a", b"", b"m"), received(0, "b", b"", b"m")
    other = received(1, "c", b"m", b"")
    for mixed in ([first, second, other], [first, first, second, other], [first, other, second]):
        assert choose(mixed) == [first, other]


@pytest.mark.parametrize("end", [b"", b"n", b"a"])
def test_ranges_that_begin_alike_and_are_not_equal_are_an_error(end: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"^(a and b|b and a) overlap: \[x, .*\) and \[x, .*\)"):
        choose([received(0, "a", b"x", b"m"), received(0, "b", b"x", end)])


def test_equal_ranges_of_two_key_spaces_and_tables_are_two_ranges() -> None:
    plan = [received(0, "a", b"", b""), received(1, "b", b"", b"", NULLS), received(0, "c", b"", b"", table=1)]
    assert choose(reversed(plan)) == plan


def test_shards_come_out_in_the_plans_order_and_not_in_that_of_keys() -> None:
    # Only the server knows its order: here it is that of numbers, written as text.
    plan = [received(0, "z", b"", b"9"), received(1, "y", b"9", b"10"), received(2, "x", b"10", b"")]
    assert choose(reversed(plan)) == plan


@pytest.mark.parametrize("ends", [[b"", b"9", b"10", b"8", b""], [b"5", b"9", b"10", b"8", b"7"]])
def test_the_parts_of_a_range_that_ended_earlier_follow_each_other_by_their_ends(ends: list[bytes]) -> None:
    parts = [received(4, f"{9 - n}", start, end) for n, (start, end) in enumerate(itertools.pairwise(ends))]
    for mixed in itertools.permutations(parts):
        assert choose(mixed) == parts


def test_index_files_hold_the_shards_of_their_ranges(backup: Backup) -> None:
    receipts = backup.receipts()
    entries = backup.entries(receipts)
    assert [entry.receipt for entry in entries] == [summary.receipt for summary in receipts]
    assert [(entry.place, entry.shard.range) for entry in entries] == [
        (0, planned.range) for portion in backup.portions for planned in portion.ranges
    ]
    [part] = backup.index(receipts).parts
    assert (part.shards, part.range, part.totals.rows) == (3, KeyRange(), 30)


def test_an_index_file_is_a_function_of_its_receipts(backup: Backup) -> None:
    receipts = backup.receipts()
    files = [backup.index(list(mixed)) for mixed in itertools.permutations([*receipts, receipts[0]])]
    assert all(file == files[0] for file in files)
    assert len(list(backup.work.store().list(f"{backup.work.backup}/index/"))) == 1


def test_each_key_space_is_a_part_of_its_own(tmp_path: Path) -> None:
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables())))
    receipts = [work.backup_portion(portion) for portion in by_hand.portions(work) if portion.plan == 1]
    file = work.write_index((index_group(receipts[0]), receipts))
    assert [(part.range, part.shards) for part in file.parts] == [(KeyRange(), 3), (KeyRange(NULLS), 1)]
    assert "/index/000001-000000-" in file.object.name


def test_small_tables_share_a_session_a_receipt_and_an_index_file(small: Backup) -> None:
    [receipt] = receipts = small.receipts()
    entries, calls = small.entries(receipts), DATABASES[small.work.source.identity().parts[0][1]].calls
    assert [(part.place, part.range.space, part.shards) for part in small.index(receipts).parts] == [
        (0, "", 3),
        (1, "", 3),
        (1, NULLS, 1),
    ]
    assert {entry.receipt for entry in entries} == {receipt.receipt}
    assert (calls["reading"], calls["read"], len(small.shards())) == (1, 7, 7)
    assert {name.split("/")[2] for name in small.shards()} == {ORDERS, PEOPLE}


def test_a_second_try_of_a_portion_is_not_in_the_index(small: Backup) -> None:
    first, again = small.receipts(), small.receipts()
    chosen = min(first[0].receipt.name, again[0].receipt.name)
    assert small.named([*again, *first]) == small.named([*first, *again])
    assert {name[-21:] for name in small.named([*again, *first])} == {chosen[-21:]}
    assert len(small.shards()) == 14


def test_a_second_try_of_a_range_is_not_in_the_index(backup: Backup) -> None:
    first, again = backup.receipts(), backup.receipts()
    chosen = [min(one.receipt.name, other.receipt.name)[-21:] for one, other in zip(first, again, strict=True)]
    assert [name[-21:] for name in backup.named([*again, *first])] == chosen
    assert len(backup.shards()) == 6


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_in_the_middle_of_a_shard_leaves_no_shard(backup: Backup, place: int) -> None:
    database = DATABASES[backup.work.source.identity().parts[0][1]]
    key = sorted(database.tables[ORDERS].keyed)[place * 10 + 9]
    database.faults["read", key] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match="the server is gone"):
        backup.work.backup_portion(backup.portions[place])
    assert backup.shards() == []
    database.faults.clear()
    assert backup.named(backup.receipts()) == backup.shards()


def test_an_error_in_the_middle_of_a_portion_leaves_no_shard_of_it(small: Backup, tmp_path: Path) -> None:
    database = DATABASES[small.work.source.identity().parts[0][1]]
    database.faults["read", min(database.tables[PEOPLE].keyed)] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match="the server is gone"):
        small.receipts()
    assert (small.shards(), list((tmp_path / ".incoming").iterdir())) == ([], [])
    database.faults.clear()
    assert small.named(small.receipts()) == small.shards()


def test_a_shard_without_a_receipt_is_not_in_the_index(backup: Backup) -> None:
    with faulty_stores(Fault()) as dry:
        backup.work.backup_portion(backup.portions[0])
    put = next(number for number, call in enumerate(dry.calls, 1) if call.startswith("put"))
    with faulty_stores(Fault(put, for_good=True)), pytest.raises(UnreachableError):
        backup.work.backup_portion(backup.portions[0])
    assert len(backup.named(backup.receipts())) == 3
    assert len(backup.shards()) == 5


def test_a_gap_between_receipts_is_an_error(backup: Backup) -> None:
    receipts = backup.receipts()
    with pytest.raises(IntegrityError, match="the ranges do not tile"):
        backup.index([receipts[0], receipts[2]])
    assert list(backup.work.store().list(f"{backup.work.backup}/index/")) == []


def test_ranges_that_overlap_in_part_are_an_error(backup: Backup) -> None:
    first, second, third = backup.portions
    [planned], [following] = first.ranges, second.ranges
    wider = replace(planned, range=KeyRange("", planned.range.start, following.range.end))
    receipts = [backup.work.backup_portion(portion) for portion in (replace(first, ranges=(wider,)), second, third)]
    with pytest.raises(IntegrityError, match="the ranges do not tile"):
        backup.index(receipts)


def test_a_receipt_that_is_not_what_was_written_is_an_error(backup: Backup, tmp_path: Path) -> None:
    receipts = backup.receipts()
    path = tmp_path / backup.work.source.identity().folder / receipts[1].receipt.name
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"x", data[:50] + b"\xff" + data[51:], b""):
        path.write_bytes(damaged)
        with pytest.raises(
            IntegrityError, match=f"{receipts[1].receipt.name}: the receipt is not the one that was written"
        ):
            backup.index(receipts)
    path.unlink()
    with pytest.raises(NotFoundError, match=receipts[1].receipt.name):
        backup.index(receipts)
