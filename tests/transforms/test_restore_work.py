import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.target import DOOMED, MemoryTarget
from tests.memory_room.vaults import MemoryVault, entries, take
from transforms import splits as splitting
from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.other_tables import OtherTables
from transforms.report import Report, found
from transforms.restore_work import require_ok
from transforms.restored import Restored, RestoredTable, Written, restored_json, restored_of, sum_written
from transforms.skipped import Skipped
from transforms.source import Assignment, Ending
from transforms.splits import splits
from transforms.vault.format.shard import Chunk

ROLE = Skipped("role r", "it is not there")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


def chunk(start: bytes, size: int) -> Chunk:
    return Chunk(KeyRange("", start, b""), 1, 1, size, 0, size, bytes(32), 0)


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 100))
def test_splits_cut_the_chunks_into_parts_of_at_least_a_size(sizes: list[int], size: int) -> None:
    chunks = [chunk(b"k%03d" % number if number else b"", bytes_) for number, bytes_ in enumerate(sizes)]
    keys = list(splits(chunks, size))
    starts = [item.range.start for item in chunks]
    places = [0, *(starts.index(key) for key in keys), len(sizes)]
    parts = [sum(sizes[a:b]) for a, b in pairwise(places)]
    assert all(part >= size for part in parts[:-1])
    # No part could have ended a chunk earlier.
    assert all(sum(sizes[a : b - 1]) < size for a, b in pairwise(places))


def test_a_table_of_one_chunk_is_not_split() -> None:
    assert list(splits([chunk(b"", 100)], 1)) == []
    assert list(splits([], 1)) == []


def test_only_the_space_of_keys_is_split(vault: MemoryVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows without a key begin is no key."""
    monkeypatch.setattr(splitting, "SPLIT_SIZE", 1)
    target = new_database()
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    for name, table in DATABASES[target].tables.items():
        assert len(table.splits) > 1, name
        assert set(table.splits) <= set(table.keyed), name
        assert table.splits == sorted(table.splits), name


def test_a_table_that_is_there_is_not_split(vault: MemoryVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "SPLIT_SIZE", 1)
    target = new_database({"orders": MemoryTable(), "people": MemoryTable(nullable=True)})
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    assert [table.splits for table in DATABASES[target].tables.values()] == [[], []]


@pytest.mark.parametrize("report", [Report(), Report(3, ("b", "a")), found("a")], ids=str)
def test_nothing_begins_before_the_backup_is_found_whole(vault: MemoryVault, report: Report) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target))
    with pytest.raises(IntegrityError, match="the backup is not whole, nothing was written"):
        work.begin(None, report)
    assert DATABASES[target].calls == {"check": 1}


def test_the_refusal_names_what_is_wrong(vault: MemoryVault) -> None:
    manifest = vault.manifest
    with pytest.raises(IntegrityError, match=r"written:\na is missing\.\nb is missing\.$"):
        require_ok(Report(9, ("a is missing.", "b is missing.")), manifest)
    with pytest.raises(IntegrityError, match="nothing of it could be checked"):
        require_ok(Report(), manifest)
    many = Report(99, tuple(f"{number:02d}" for number in range(30)), 5)
    with pytest.raises(IntegrityError, match=r"\n19\nand 15 further problems; `shardkeep verify` names all\.$"):
        require_ok(many, manifest)


def test_no_row_is_written_into_a_table_that_is_not_prepared(vault: MemoryVault) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target))
    runs = work.runs(next(work.index_files(None)))[0]
    with pytest.raises(IntegrityError, match="which no step has prepared"):
        work.write(runs, [(1,)])
    assert DATABASES[target].calls["write"] == 0


@pytest.mark.parametrize("rows", [0, 29, 31])
def test_a_table_with_other_than_the_manifests_rows_is_not_finished(vault: MemoryVault, rows: int) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target))
    with pytest.raises(IntegrityError, match=f"table orders: {rows} rows were written, the manifest says 30"):
        work.finish((0,), [{0: Written(rows)}])
    assert DATABASES[target].calls["finish"] == 0


def test_cells_that_will_not_stay_are_counted(tmp_path: Path) -> None:
    source = new_database({"t": MemoryTable({b"a": DOOMED, b"b": b"kept", b"c": DOOMED})})
    work = by_hand.new_work(str(tmp_path), MemorySource(source))
    by_hand.backup(work)
    backup = by_hand.committed(str(tmp_path), f"memory+{source}", work.backup)
    restored = by_hand.restore(by_hand.restore_work(backup, MemoryTarget(new_database())))
    assert restored == [RestoredTable("t", "t", 3, 2, ())]


def test_what_was_written_is_summed() -> None:
    assert sum_written([{1: Written(3, 1)}, {2: Written(5)}, {1: Written(4), 2: Written()}]) == {
        1: Written(7, 1),
        2: Written(5),
    }
    assert sum_written([]) == {}


def test_a_repeated_write_has_the_same_pieces_and_they_hold_every_chunk(vault: MemoryVault) -> None:
    target = new_database()
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)), times=2)
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name in DATABASES[target].pieces:
        shard, _, span = name.rpartition(":")
        start, _, end = span.partition("-")
        spans[shard].append((int(start), int(end)))
    for shard, chunks in chunks_with_rows(vault).items():
        inside = [[c.offset for c in chunks if start <= c.offset < end] for start, end in sorted(spans[shard])]
        assert [offset for offsets in inside for offset in offsets] == [chunk.offset for chunk in chunks]
        assert all(inside)
    assert set(spans) == set(chunks_with_rows(vault))


def chunks_with_rows(vault: MemoryVault) -> dict[str, list[Chunk]]:
    """By shard, the chunks that have rows; a restore has nothing to write of the others."""
    shards = [entry.shard for name in (ORDERS, PEOPLE) for entry in entries(vault.committed, name)]
    found = {shard.object.name: [chunk for chunk in shard.chunks if chunk.length] for shard in shards}
    return {name: chunks for name, chunks in found.items() if chunks}


def test_a_table_is_restored_under_another_name(vault: MemoryVault) -> None:
    target = new_database()
    work = by_hand.restore_work(
        vault.committed, MemoryTarget(target), lambda manifest: {1: Assignment(manifest.tables[1].table, "persons")}
    )
    [restored] = by_hand.restore(work)
    assert (restored.table, restored.destination, restored.rows) == ("people", "persons", 24)
    assert DATABASES[target].content == {"persons": DATABASES[vault.database].tables["people"].content}


def test_what_was_restored_is_a_json_object() -> None:
    tables = (RestoredTable("a", "x", 1, 0, ()), RestoredTable("b", "y", 2, 1, ("note",)))
    ending = Ending(("a word",), (Skipped("role r", "it is not there", "CREATE ROLE r"),))
    restored = Restored(tables, ending, OtherTables(("c",), verify="v"))
    value = restored_json(restored)
    assert restored_of(json.loads(json.dumps(value))) == restored
    assert value == {
        "tables": [
            {"table": "a", "destination": "x", "rows": 1, "expired": 0, "notes": ()},
            {"table": "b", "destination": "y", "rows": 2, "expired": 1, "notes": ("note",)},
        ],
        "notes": ("a word",),
        "skipped": ({"name": "role r", "reason": "it is not there", "statement": "CREATE ROLE r", "follows": False},),
        "others": {"damaged": ("c",), "unknown": None, "verify": "v"},
    }
