"""What work reports of its progress: the rows and bytes that there are, each piece once, however often it is done."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.memory_room import by_hand
from tests.memory_room.database import new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault, take
from transforms.progress import Amount, ProgressFile
from transforms.progress_tally import Tally


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


@pytest.fixture
def progress(tmp_path: Path) -> ProgressFile:
    (tmp_path / "progress").touch()
    return ProgressFile(str(tmp_path / "progress"))


def tally(progress: ProgressFile) -> Tally:
    counted = Tally()
    counted.add(Path(progress.path).read_bytes().splitlines())
    return counted


@pytest.mark.parametrize("times", [1, 2])
def test_a_backup_reports_every_range_row_and_byte(tmp_path: Path, progress: ProgressFile, times: int) -> None:
    source = MemorySource(new_database(two_tables()))
    work = replace(by_hand.new_work(str(tmp_path / "v"), source), progress=progress)
    by_hand.backup(work, times)
    [made] = (tmp_path / "v").glob("*/*/MANIFEST.json")
    manifest = by_hand.committed(str(tmp_path / "v"), made.parent.parent.name, made.parent.name).manifest()
    ranges = sum(entry.ranges for entry in manifest.tables)
    assert tally(progress).planned == Amount(items=ranges)
    assert tally(progress).total == Amount(manifest.totals.rows, manifest.totals.bytes, ranges)


@pytest.mark.parametrize("times", [1, 2])
def test_a_restore_reports_all_that_it_was_to_write(vault: MemoryVault, progress: ProgressFile, times: int) -> None:
    work = by_hand.restore_work(vault.committed, MemoryTarget(new_database()))
    by_hand.restore(replace(work, progress=progress), times)
    total, whole = tally(progress).total, vault.manifest.totals
    assert (total.rows, total.bytes) == (whole.rows, whole.bytes)


def test_a_look_at_objects_reports_each_of_them(vault: MemoryVault, progress: ProgressFile) -> None:
    work = replace(vault.work, progress=progress)
    for _ in range(2):
        by_hand.check(work, "L1")
    assert tally(progress).total == work.whole("L1") == Amount(items=5 + 7)


@pytest.mark.parametrize("level", ["L2", "L3"])
def test_reading_reports_stored_bytes_and_then_records(vault: MemoryVault, progress: ProgressFile, level: str) -> None:
    work = replace(vault.work, progress=progress)
    for _ in range(2):
        by_hand.check(work, level)
    shards, receipts = vault.objects("data/*/*.avro"), vault.objects("receipts/*")
    documents = [f"{vault.source}/{ref.name}" for refs in work.documents(None) for ref in refs]
    stored = sum(len(vault.read(name)) for name in (*shards, *receipts, *documents))
    records = vault.manifest.totals if level == "L3" else None
    total = tally(progress).total
    assert (total.rows, total.bytes) == (records.rows if records else 0, stored + (records.bytes if records else 0))
    assert 0 < work.whole(level).bytes <= total.bytes
