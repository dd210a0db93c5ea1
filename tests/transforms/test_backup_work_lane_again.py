"""A lane that is tried again: what an earlier try has finished is proved and taken, and not read again."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faulty_store import Fault, faulty_stores
from tests.memory_room import by_hand, on_engine
from tests.memory_room.database import new_database
from tests.memory_room.lanes import by_lane, committed, database_of, new_work, one_table
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from tests.memory_room.vaults import entries
from transforms.errors import IntegrityError, UnreachableError
from transforms.vault.format.receipt import ReceiptSummary, stem_of


def test_a_lane_that_is_tried_again_reads_no_range_twice(tmp_path: Path) -> None:
    work = new_work(tmp_path, one_table(), 5, lanes=1)
    database = database_of(work)
    third = sorted(database.tables["t"].keyed)[2 * 10]
    database.faults["read", third] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        on_engine.backup(work)
    assert database.calls["read"] == 3
    first_two = [list(work.store().list(f"{work.backup}/{kind}/")) for kind in ("data", "receipts")]
    assert list(map(len, first_two)) == [2, 2]
    database.faults.clear()
    on_engine.backup(work)
    assert database.calls["read"] == 3 + 3
    found = entries(committed(work), "t")
    assert [entry.shard.object.name for entry in found[:2]] == first_two[0]
    assert [entry.receipt.name for entry in found[:2]] == first_two[1]
    assert [sum(chunk.rows for chunk in entry.shard.chunks) for entry in found] == [10] * 5
    assert committed(work).manifest().totals.rows == 50
    assert by_hand.verify(committed(work), "L3").ok


@settings(max_examples=20, deadline=None)
@given(lanes=st.integers(1, 4), readers=st.integers(1, 3), earlier=st.lists(st.integers(0, 9), max_size=12))
def test_whatever_earlier_tries_have_left_each_range_has_one_receipt(
    lanes: int, readers: int, earlier: list[int]
) -> None:
    """Some ranges were finished by several tries: the smallest name counts. Another backup's receipts do not."""
    with tempfile.TemporaryDirectory() as vault:
        source = MemorySource(new_database(two_tables()))
        by_hand.backup(by_hand.new_work(vault, source, 3))
        work = new_work(Path(vault), source, 5, lanes, readers)
        portions = by_hand.portions(work)
        kept: dict[int, ReceiptSummary] = {}
        for place in earlier:
            receipt = work.backup_portion(portions[place])
            kept[place] = min(kept.get(place, receipt), receipt, key=lambda item: item.receipt.name)
        before = database_of(work).calls["read"]
        receipts = [receipt for lane in by_lane(work).items() for receipt in work.backup_lane(lane)]
        assert database_of(work).calls["read"] - before == len(portions) - len(kept)
        assert {stem_of(item.receipt.name) for item in receipts} == {
            stem_of(work.layout.receipt(item.plan, item.number, "")) for item in portions
        }
        assert len(receipts) == len(portions)
        assert set(kept.values()) <= set(receipts)
        work.commit(work.conclude(by_hand.index_files(work, receipts)))
        assert by_hand.verify(committed(work), "L3").ok


def test_a_first_try_asks_the_vault_once_what_is_there(tmp_path: Path) -> None:
    work = new_work(tmp_path, MemorySource(new_database(two_tables())), 9, lanes=2)
    lanes = by_lane(work)
    with faulty_stores(Fault()) as seen:
        assert len(list(work.backup_lane((1, lanes[1])))) == len(lanes[1]) > 5
    assert [call.partition(" ")[0] for call in seen.calls if call.startswith(("list", "read", "stat"))] == ["list"]


def test_that_the_vault_cannot_tell_what_is_there_is_noted(tmp_path: Path) -> None:
    work = new_work(tmp_path, one_table(), 3, lanes=1)
    [planned] = by_lane(work).values()
    with faulty_stores(Fault(1)) as fault, pytest.raises(UnreachableError, match="call 1, list"):
        work.backup_lane((0, planned))
    assert fault.struck
    assert len(list(work.store().list(work.layout.notes))) == 1
    assert database_of(work).calls["read"] == 0


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("bytes", "is not of the known form: "),
        ("swapped", "is of .*, planned is "),
        ("shard lost", "is the receipt of .* is missing"),
        ("shard cut", "is the receipt of .* has .* bytes; it was written with"),
        ("shard bad", "is the receipt of .* has CRC32C"),
    ],
)
def test_a_receipt_that_is_not_what_a_finished_try_leaves_is_an_error(
    tmp_path: Path, damage: str, problem: str
) -> None:
    work = new_work(tmp_path, one_table(), 3, lanes=1)
    [planned] = by_lane(work).values()
    receipt, other = (work.backup_portion(item).receipt.name for item in planned[:2])
    folder = tmp_path / work.source.identity().folder
    [shard] = folder.glob(f"*/data/t/000000-{receipt[-21:]}")
    whole = shard.read_bytes()
    content = {
        "bytes": (folder / receipt, b"Obj\x01"),
        "swapped": (folder / receipt, (folder / other).read_bytes()),
        "shard lost": (shard, None),
        "shard cut": (shard, whole[:-1]),
        "shard bad": (shard, whole[:-1] + bytes([whole[-1] ^ 1])),
    }
    path, data = content[damage]
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(IntegrityError, match=f"^{receipt} {problem}.* Take a new backup.$"):
        list(work.backup_lane((0, planned)))
    assert len(list(work.store().list(work.layout.notes))) == 1
