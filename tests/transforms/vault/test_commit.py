"""The commit: one manifest, whole or none, whoever writes it and how often."""

import random
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.faulty_store import Fault, FaultyStore
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE, two_tables
from transforms.backup_work import BackupWork
from transforms.errors import ExistsError, IntegrityError, NotFoundError, UnreachableError
from transforms.key_range import KeyRange
from transforms.vault.catalogue import COMMITTED, list_backups
from transforms.vault.commit import Gathered, commit
from transforms.vault.format import portion
from transforms.vault.format.index import IndexFile, read_index
from transforms.vault.format.intent import Intent
from transforms.vault.format.manifest import Manifest, decode_manifest
from transforms.vault.store.interface import ObjectStat
from transforms.vault.store.local import LocalStore
from transforms.vault.store.prefixed import PrefixedStore
from transforms.vault.vault import open_vault


@dataclass(frozen=True)
class Uncommitted:
    """A backup whose index is written, with three index files for each table's keys."""

    root: Path
    work: BackupWork
    files: Sequence[IndexFile]

    @property
    def folder(self) -> str:
        return self.work.source.identity().folder

    @property
    def manifest(self) -> Path:
        return self.root / self.folder / self.work.layout.manifest

    def store(self, fault: Fault | None = None) -> PrefixedStore:
        return PrefixedStore(FaultyStore(LocalStore(str(self.root)), fault or Fault()), self.folder)

    def commit(self, files: Sequence[IndexFile] | None = None, fault: Fault | None = None) -> Manifest:
        return commit(self.store(fault), self.work.backup, Gathered(self.files if files is None else files))

    def intent(self) -> Intent:
        name = self.work.layout.intent
        return Intent.decode(self.store().read(name), name)

    def of(self, table: int, space: str = "") -> list[IndexFile]:
        return [file for file in self.files if (file.parts[0].place, file.parts[0].range.space) == (table, space)]

    def without(self, *files: IndexFile) -> list[IndexFile]:
        return [file for file in self.files if file not in files]


@pytest.fixture
def uncommitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Uncommitted:
    monkeypatch.setattr(portion, "RANGES_PER_FILE", 1)
    work = by_hand.new_work(str(tmp_path / "vault"), MemorySource(new_database(two_tables())))
    receipts = [work.backup_portion(each) for each in by_hand.portions(work)]
    return Uncommitted(tmp_path / "vault", work, by_hand.index_files(work, receipts))


def refused(uncommitted: Uncommitted, files: Sequence[IndexFile], problem: str) -> None:
    with pytest.raises(IntegrityError, match=problem):
        uncommitted.commit(files)
    assert not uncommitted.manifest.exists()


def test_a_manifest_is_the_commit(uncommitted: Uncommitted) -> None:
    vault = open_vault(str(uncommitted.root))
    assert [item.state for item in list_backups(vault)] == ["STARTED"]
    manifest = uncommitted.commit()
    [listing] = list_backups(vault)
    assert (listing.state, listing.manifest) == (COMMITTED, manifest)


def test_a_commit_run_twice_gives_the_same_bytes(uncommitted: Uncommitted) -> None:
    first = uncommitted.commit()
    data = uncommitted.manifest.read_bytes()
    assert uncommitted.commit() == first
    assert uncommitted.manifest.read_bytes() == data == first.encode()


@pytest.mark.parametrize("seed", range(5))
def test_a_commit_is_a_function_of_intent_plans_and_receipts(uncommitted: Uncommitted, seed: int) -> None:
    copy = replace(uncommitted, root=uncommitted.root.with_name("copy"))
    shutil.copytree(uncommitted.root, copy.root)
    uncommitted.commit()
    mixed = [*uncommitted.files, *uncommitted.files[:3]]
    random.Random(seed).shuffle(mixed)
    copy.commit(mixed)
    assert copy.manifest.read_bytes() == uncommitted.manifest.read_bytes()


def test_a_manifest_of_this_run_that_is_whole_stands(uncommitted: Uncommitted) -> None:
    first = uncommitted.commit()
    data = uncommitted.manifest.read_bytes()
    again = [uncommitted.work.backup_portion(each) for each in by_hand.portions(uncommitted.work)]
    files = by_hand.index_files(uncommitted.work, again)
    assert set(files).isdisjoint(uncommitted.files)
    assert uncommitted.commit(files) == first
    assert uncommitted.manifest.read_bytes() == data


def test_a_manifest_of_this_run_that_is_not_whole_is_an_error(uncommitted: Uncommitted) -> None:
    uncommitted.commit()
    lost = read_index(uncommitted.store(), uncommitted.files[0])[0].shard.object.name
    uncommitted.store().delete(lost)
    again = [uncommitted.work.backup_portion(each) for each in by_hand.portions(uncommitted.work)]
    with pytest.raises(IntegrityError, match=f"not whole: {lost} is missing"):
        uncommitted.commit(by_hand.index_files(uncommitted.work, again))


def test_another_runs_manifest_stands_and_the_commit_lost_the_race(uncommitted: Uncommitted) -> None:
    mine = uncommitted.commit()
    theirs = replace(mine, intent=replace(mine.intent, run="another")).encode()
    uncommitted.manifest.unlink()
    uncommitted.manifest.write_bytes(theirs)
    with pytest.raises(ExistsError, match="another run has committed this backup") as caught:
        uncommitted.commit()
    assert caught.value.exit_code == 8
    assert uncommitted.manifest.read_bytes() == theirs


def test_a_manifest_in_its_place_that_cannot_be_read_is_an_error(uncommitted: Uncommitted) -> None:
    uncommitted.manifest.write_bytes(b"{}\n")
    with pytest.raises(IntegrityError, match=r"MANIFEST\.json is corrupt"):
        uncommitted.commit()
    assert uncommitted.manifest.read_bytes() == b"{}\n"


def test_a_lost_answer_to_the_manifests_put_is_a_success(uncommitted: Uncommitted) -> None:
    fault = Fault(4, after=True)
    manifest = uncommitted.commit(fault=fault)
    assert [call.rpartition("/")[2] for call in fault.calls[3:]] == ["MANIFEST.json"] * 3
    assert [call.partition(" ")[0] for call in fault.calls[3:]] == ["put", "put", "read"]
    assert uncommitted.manifest.read_bytes() == manifest.encode()


def test_a_manifest_that_cannot_be_put_is_no_backup(uncommitted: Uncommitted) -> None:
    with pytest.raises(UnreachableError):
        uncommitted.commit(fault=Fault(4, for_good=True))
    assert not uncommitted.manifest.exists()
    assert uncommitted.commit().encode() == uncommitted.manifest.read_bytes()


@pytest.mark.parametrize(("place", "problem"), [(0, "expected a range from"), (1, "expected"), (2, "they end at")])
def test_a_range_that_is_lost_anywhere_is_an_error(uncommitted: Uncommitted, place: int, problem: str) -> None:
    files = uncommitted.of(0)
    assert len(files) == 3
    refused(uncommitted, uncommitted.without(files[place]), f"table {ORDERS}: the ranges do not tile: {problem}")


def test_a_key_space_that_is_lost_is_an_error(uncommitted: Uncommitted) -> None:
    nulls = uncommitted.of(1, "nulls")
    assert len(nulls) == 1
    refused(uncommitted, uncommitted.without(*nulls), f"table {PEOPLE}: not every planned key space was backed up")
    refused(uncommitted, uncommitted.without(*uncommitted.of(1)), f"table {PEOPLE}: not every planned key space")


def test_a_table_that_is_lost_is_an_error(uncommitted: Uncommitted) -> None:
    refused(uncommitted, uncommitted.without(*uncommitted.of(0)), f"table {ORDERS}: ")
    refused(uncommitted, [], f"table {ORDERS}: ")


def test_ranges_that_overlap_are_an_error(uncommitted: Uncommitted) -> None:
    first, second, _ = uncommitted.of(0)
    [part] = first.parts
    wider = replace(first, parts=(replace(part, range=KeyRange("", b"", part.range.end + b"x")),))
    refused(uncommitted, [wider, *uncommitted.without(first)], "do not tile")
    twice = replace(second, number=first.number + 99)
    refused(uncommitted, [*uncommitted.files, twice], "do not tile")


def test_a_commit_without_intent_or_plan_is_an_error(uncommitted: Uncommitted) -> None:
    for name in (uncommitted.work.layout.plan(0), uncommitted.work.layout.intent):
        uncommitted.store().delete(name)
        with pytest.raises(NotFoundError, match=name):
            uncommitted.commit()
    assert not uncommitted.manifest.exists()


@dataclass(frozen=True)
class Meeting(LocalStore):
    """A store in which a plan is read when another one is."""

    plans: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        if "/plan/" in name:
            self.plans.wait(timeout=120)
        return super().read(name, start, length)


def test_plans_are_read_side_by_side_and_the_error_of_the_first_is_told(uncommitted: Uncommitted) -> None:
    meeting = PrefixedStore(Meeting(str(uncommitted.root)), uncommitted.folder)
    manifest = commit(meeting, uncommitted.work.backup, Gathered(uncommitted.files))
    assert [entry.table.name for entry in manifest.tables] == [ORDERS, PEOPLE]
    assert uncommitted.commit() == manifest
    for plan in (1, 0):
        uncommitted.store().delete(uncommitted.work.layout.plan(plan))
        with pytest.raises(NotFoundError, match=uncommitted.work.layout.plan(plan)):
            commit(meeting, uncommitted.work.backup, Gathered(uncommitted.files))


@dataclass(frozen=True)
class Gathering(LocalStore):
    """A store that looks at a shard when it is asked about all of them."""

    shards: threading.Barrier = field(default_factory=lambda: threading.Barrier(7))

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        if "/data/" in name:
            self.shards.wait(timeout=120)
        return super().stat(name, size)


def test_a_repeated_commit_looks_at_the_objects_of_all_index_files_side_by_side(uncommitted: Uncommitted) -> None:
    first = uncommitted.commit()
    assert len(uncommitted.files) == 7  # a shard and a receipt in each
    gathering = PrefixedStore(Gathering(str(uncommitted.root)), uncommitted.folder)
    assert commit(gathering, uncommitted.work.backup, Gathered(uncommitted.files)) == first


def test_the_manifest_says_what_was_backed_up(uncommitted: Uncommitted) -> None:
    uncommitted.commit()
    manifest = decode_manifest(uncommitted.manifest.read_bytes(), "x")
    rows = {name: len(table.keyed) + len(table.nulls) for name, table in _database(uncommitted).items()}
    assert {entry.table.name: entry.totals.rows for entry in manifest.tables} == rows
    assert [len(entry.index) for entry in manifest.tables] == [3, 4]
    assert manifest.intent == uncommitted.intent()


def _database(uncommitted: Uncommitted) -> dict[str, MemoryTable]:
    return dict(DATABASES[uncommitted.folder.partition("+")[2]].tables)
