"""The memory room through the graph of a backup, on an engine."""

import hashlib
import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import apache_beam as beam
import fastavro
import mmh3
import pytest

from tests.memory_room import by_hand, on_engine
from tests.memory_room.database import DATABASES, NULLS, MemoryTable, Row, new_database
from tests.memory_room.records import encode
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE, keyed, two_tables
from tests.memory_room.vaults import chunks, entries
from transforms.backup import Backup
from transforms.committed_backup import CommittedBackup
from transforms.errors import UnreachableError
from transforms.key_range import KeyRange
from transforms.vault.commit import Gathered
from transforms.vault.format.plan import decode_plan

EMPTY = "empty"


def three_tables() -> dict[str, MemoryTable]:
    return {**two_tables(rows=230), EMPTY: MemoryTable(nullable=True)}


def taken(vault: Path, source: MemorySource, ranges: int = 3) -> CommittedBackup:
    """A backup that the graph took."""
    work = by_hand.new_work(str(vault), source, ranges)
    on_engine.backup(work)
    return by_hand.committed(str(vault), source.identity().folder, work.backup)


def rows_in(backup: CommittedBackup, table: str) -> list[Row]:
    """What another reader finds in a table's shards."""
    shards = [backup.store().read(entry.shard.object.name) for entry in entries(backup, table)]
    records: list[Any] = [record for shard in shards for record in fastavro.reader(io.BytesIO(shard))]
    return [(record["key"], record["value"]) for record in records]


def rows_of(table: MemoryTable) -> list[Row]:
    return [row for space in ("", NULLS) for _, row in table.rows(KeyRange(space))]


def digest_of(table: MemoryTable) -> str:
    hashes = [mmh3.hash128(encode(row), seed=0, x64arch=True, signed=False) for row in rows_of(table)]
    return f"murmur3-x64-128:{sum(hashes) % 2**128:032x}"


def digests(backup: CommittedBackup) -> dict[str, str]:
    return {entry.table.name: entry.totals.digest for entry in backup.manifest().tables}


@pytest.fixture(scope="module")
def source() -> MemorySource:
    return MemorySource(new_database(three_tables()))


@pytest.fixture(scope="module")
def backup(source: MemorySource, tmp_path_factory: pytest.TempPathFactory) -> CommittedBackup:
    return taken(tmp_path_factory.mktemp("vault"), source)


def test_other_readers_find_every_row_of_every_table(backup: CommittedBackup, source: MemorySource) -> None:
    tables = DATABASES[source.database].tables
    assert len(tables) == 3
    for name, table in tables.items():
        assert rows_in(backup, name) == rows_of(table)


def test_the_manifest_holds_the_sums_of_every_table(backup: CommittedBackup, source: MemorySource) -> None:
    for entry in backup.manifest().tables:
        table = DATABASES[source.database].tables[entry.table.name]
        records = [encode(row) for row in rows_of(table)]
        totals = entry.totals
        assert (totals.rows, totals.records, totals.bytes) == (len(records), len(records), sum(map(len, records)))
        assert totals.digest == digest_of(table)


def test_the_planned_ranges_are_what_was_backed_up(backup: CommittedBackup) -> None:
    plans = [
        decode_plan(backup.store().read(ref.name), plan, ref.name) for plan, ref in enumerate(backup.manifest().plans)
    ]
    planned = [planned for plan in plans for portion in plan for planned in portion.ranges]
    for place, entry in enumerate(backup.manifest().tables):
        of_table = [item.range for item in planned if item.place == place]
        assert [item.shard.range for item in entries(backup, entry.table.name)] == of_table
        assert entry.ranges == len(of_table)


@pytest.mark.parametrize(("size", "ranges", "lengths"), [(9, None, [1, 2]), (9, 3, [1] * 7), (None, None, [1] * 3)])
def test_small_ranges_are_read_together_but_those_that_were_asked_for(
    size: int | None, ranges: int | None, lengths: list[int], tmp_path: Path
) -> None:
    work = by_hand.new_work(str(tmp_path), MemorySource(new_database(two_tables()), size=size), ranges)
    assert [len(portion.ranges) for portion in by_hand.portions(work)] == lengths


def test_a_chunk_ends_with_the_row_that_fills_it(backup: CommittedBackup) -> None:
    assert len(chunks(backup, ORDERS)) > 20
    for entry in entries(backup, ORDERS):
        sizes = [chunk.bytes for chunk in entry.shard.chunks]
        assert all(100 <= size < 100 + 60 for size in sizes[:-1])


@pytest.mark.parametrize("ranges", [1, 2, 97])
def test_the_table_digest_does_not_depend_on_ranges(
    backup: CommittedBackup, source: MemorySource, ranges: int, tmp_path: Path
) -> None:
    other = taken(tmp_path, source, ranges)
    assert [entry.ranges for entry in other.manifest().tables] == [2, ranges, ranges + 1]
    assert digests(other) == digests(backup)
    assert [len(entry.index) for entry in other.manifest().tables] == [2, 1 + (ranges > 64), 2 + (ranges > 64)]


def test_planned_by_the_chunks_of_a_first_backup_the_chunk_digests_are_the_same(
    backup: CommittedBackup, source: MemorySource, tmp_path: Path
) -> None:
    names = (ORDERS, PEOPLE, EMPTY)
    planned = tuple((name, tuple(chunk.range for chunk in chunks(backup, name))) for name in names)
    again = taken(tmp_path, MemorySource(source.database, planned))
    for name in names:
        first, second = chunks(backup, name), chunks(again, name)
        assert [chunk.range for chunk in second] == [chunk.range for chunk in first]
        assert [chunk.sha256 for chunk in second] == [chunk.sha256 for chunk in first]
    assert len({chunk.sha256 for chunk in chunks(again, ORDERS)}) == len(chunks(again, ORDERS)) > 20


def test_a_range_without_rows_has_a_chunk_without_blocks(tmp_path: Path) -> None:
    ends = [b"", b"a", b"b", b"k", b"l", b""]
    ranges = tuple(KeyRange("", *pair) for pair in pairwise(ends))
    source = MemorySource(new_database({"t": MemoryTable({b"k1": b"v"})}), (("t", ranges),))
    backup = taken(tmp_path, source)
    found = chunks(backup, "t")
    assert [chunk.range for chunk in found] == list(ranges)
    assert [(chunk.rows, chunk.length > 0) for chunk in found] == [(0, False)] * 3 + [(1, True), (0, False)]
    assert found[0].sha256 == hashlib.sha256().digest()


def test_the_source_concludes_when_all_rows_are_read_and_nothing_is_committed(tmp_path: Path) -> None:
    source = MemorySource(new_database(two_tables()))
    work = by_hand.new_work(str(tmp_path), source)
    receipts = [work.backup_portion(portion) for portion in by_hand.portions(work)]
    gathered = work.conclude(by_hand.index_files(work, receipts))
    assert gathered.facts == {"held": False, "calls": 1}
    assert set(gathered.attachments) == {"names.txt", "sizes.json"}
    assert work.layout.manifest not in work.store().list("")
    work.commit(gathered)
    manifest = by_hand.committed(str(tmp_path), source.identity().folder, work.backup).manifest()
    assert (manifest.facts, manifest.attachments) == (gathered.facts, gathered.attachments)


def test_a_schema_that_the_source_concludes_with_is_the_manifests_and_not_the_intents(tmp_path: Path) -> None:
    source = MemorySource(new_database(two_tables()))
    work = by_hand.new_work(str(tmp_path), source)
    receipts = [work.backup_portion(portion) for portion in by_hand.portions(work)]
    gathered = work.conclude(by_hand.index_files(work, receipts))
    for _ in range(2):
        work.commit(replace(gathered, schemas={1: {"grown": True}}))
    manifest = by_hand.committed(str(tmp_path), source.identity().folder, work.backup).manifest()
    planned = work.intent().tables
    grown = replace(planned[1], schema={"grown": True})
    assert [entry.table for entry in manifest.tables] == [planned[0], grown, *planned[2:]]
    assert planned[1].schema != grown.schema


def test_an_error_of_the_source_is_the_error_of_the_job_and_nothing_is_committed(tmp_path: Path) -> None:
    source = MemorySource(new_database({"t": MemoryTable(keyed(20))}))
    database = DATABASES[source.database]
    database.faults["read", sorted(database.tables["t"].keyed)[15]] = UnreachableError("the server is gone")
    work = by_hand.new_work(str(tmp_path), source)
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        on_engine.backup(work)
    assert work.layout.manifest not in work.store().list("")
    database.faults.clear()
    on_engine.backup(work)
    backup = by_hand.committed(str(tmp_path), source.identity().folder, work.backup)
    assert rows_in(backup, "t") == rows_of(database.tables["t"])


def test_a_job_that_runs_twice_commits_once(source: MemorySource, tmp_path: Path) -> None:
    work = by_hand.new_work(str(tmp_path), source)
    on_engine.backup(work)
    data, plans = work.store().read(work.layout.manifest), DATABASES[source.database].calls["plan"]
    on_engine.backup(work)
    assert work.store().read(work.layout.manifest) == data
    assert DATABASES[source.database].calls["plan"] == plans + 3
    backup = by_hand.committed(str(tmp_path), source.identity().folder, work.backup)
    assert by_hand.verify(backup, "L3").ok


def test_every_phase_that_runs_twice_gives_the_same_backup_once(source: MemorySource, tmp_path: Path) -> None:
    work = by_hand.new_work(str(tmp_path), source)
    name = by_hand.backup(work, times=2)
    backup = by_hand.committed(str(tmp_path), source.identity().folder, work.backup)
    assert [file for file in work.store().list("") if file.endswith("MANIFEST.json")] == [name]
    assert by_hand.verify(backup, "L3").ok
    for table, content in DATABASES[source.database].tables.items():
        assert rows_in(backup, table) == rows_of(content)
    shards = list(work.store().list(f"{work.backup}/data/"))
    assert len(shards) == 2 * backup.manifest().shards


def test_receipts_of_all_tries_together_give_the_same_backup(source: MemorySource, tmp_path: Path) -> None:
    work = by_hand.new_work(str(tmp_path), source)
    portions = by_hand.portions(work)
    receipts = [work.backup_portion(item) for _ in range(2) for item in portions]
    work.commit(Gathered(by_hand.index_files(work, receipts)))
    data = work.store().read(work.layout.manifest)
    files = by_hand.index_files(work, reversed(receipts))
    assert work.commit(Gathered(files[::-1])) == work.layout.manifest
    assert work.store().read(work.layout.manifest) == data
    backup = by_hand.committed(str(tmp_path), source.identity().folder, work.backup)
    assert backup.manifest().shards == len(portions)
    for table, content in DATABASES[source.database].tables.items():
        assert rows_in(backup, table) == rows_of(content)


def test_the_graph_is_of_one_size_whatever_the_number_of_tables(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 30):
        tables = {f"t{number}": MemoryTable({b"k": b"v"}) for number in range(count)}
        pipeline = beam.Pipeline()
        pipeline | Backup(by_hand.new_work(str(tmp_path), MemorySource(new_database(tables))))
        sizes.append(len(pipeline.to_runner_api().components.transforms))
    assert sizes[0] == sizes[1]
