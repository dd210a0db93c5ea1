"""Which backups a vault has, in which state, and which one a person means."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipelines.command.backup import claim
from tests.memory_room import by_hand
from tests.memory_room.database import MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.vaults import MemoryVault
from transforms.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from transforms.vault.catalogue import BROKEN, COMMITTED, DELETING, FAILED, STARTED, Listing, list_backups
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.format.failure_note import note_failure
from transforms.vault.format.layout import BackupLayout, begun_at
from transforms.vault.format.sealed_json import seal
from transforms.vault.vault import Vault, open_vault


def listed(vault: MemoryVault) -> Listing:
    """The first backup, as the vault lists it."""
    return next(item for item in list_backups(open_vault(vault.location)) if item.backup == vault.backup)


def put(vault: MemoryVault, name: str, data: bytes = b"{}") -> None:
    vault.store.put(f"{vault.backup}/{name}", data)


def without(vault: MemoryVault, name: str) -> None:
    vault.store.delete(f"{vault.backup}/{name}")


def one_more(vault: MemoryVault, source: str) -> str:
    """A backup of another source; its id."""
    work = by_hand.new_work(vault.location, MemorySource(source))
    by_hand.backup(work)
    return work.backup


def test_a_backup_with_a_manifest_is_committed(vault: MemoryVault) -> None:
    item = listed(vault)
    assert (item.state, item.manifest, item.problem) == (COMMITTED, vault.manifest, "")
    assert usable(item) == vault.manifest


def test_a_backup_without_a_manifest_was_started(vault: MemoryVault) -> None:
    intent = vault.manifest.intent
    without(vault, "MANIFEST.json")
    item = listed(vault)
    assert (item.state, item.manifest, item.intent) == (STARTED, None, intent)


def test_a_started_backup_with_a_failure_note_failed(vault: MemoryVault) -> None:
    intent = vault.manifest.intent
    without(vault, "MANIFEST.json")
    put(vault, "notes/failure-00ff.json")
    item = listed(vault)
    assert (item.state, item.intent) == (FAILED, intent)


def test_other_notes_say_nothing_of_the_state(vault: MemoryVault) -> None:
    put(vault, "notes/verify-1.json")
    assert listed(vault).state == COMMITTED
    without(vault, "MANIFEST.json")
    assert listed(vault).state == STARTED


def test_a_failure_note_beside_a_manifest_is_of_a_run_that_lost_an_answer(vault: MemoryVault) -> None:
    put(vault, "notes/failure-00ff.json")
    assert listed(vault).state == COMMITTED


def test_a_backup_with_a_tombstone_is_being_deleted_whatever_else_is_there(vault: MemoryVault) -> None:
    put(vault, "TOMBSTONE.json")
    assert listed(vault).state == DELETING
    without(vault, "MANIFEST.json")
    without(vault, "INTENT.json")
    assert listed(vault) == Listing(vault.source, vault.backup, DELETING)


def test_a_backup_whose_manifest_is_damaged_is_broken(vault: MemoryVault) -> None:
    [name], pristine_intent = vault.objects("MANIFEST.json"), vault.manifest.intent
    vault.write(name, vault.read(name)[:-1])
    item = listed(vault)
    assert (item.state, item.manifest, item.intent) == (BROKEN, None, pristine_intent)
    assert item.problem.startswith(f"{name} is corrupt")


def moved(vault: MemoryVault) -> str:
    return next(item.problem for item in list_backups(open_vault(vault.location)) if item.state == BROKEN)


def test_the_manifest_of_another_backup_is_no_manifest(vault: MemoryVault) -> None:
    [mine], [others] = vault.objects("MANIFEST.json"), vault.objects("MANIFEST.json", vault.other)
    vault.write(mine, vault.read(others))
    assert f"{mine} is the manifest of backup {vault.other}" in moved(vault)


def test_the_manifest_of_another_source_is_no_manifest(vault: MemoryVault) -> None:
    (vault.root / vault.source / vault.other).rename(vault.root / vault.source / "gone")
    (vault.root / vault.source).rename(vault.root / "memory+another")
    assert "was put here from elsewhere" in moved(vault)


def test_the_manifest_of_another_vault_is_no_manifest(vault: MemoryVault) -> None:
    vault.write("VAULT.json", seal({"format": 1, "vault": "another"}))
    assert "VAULT.json, was put here from elsewhere" in moved(vault)


@pytest.mark.parametrize("data", [b"", b"{}", seal({"format": 2}), seal({"format": 1}), None], ids=str)
def test_an_intent_that_cannot_be_read_hides_no_backup(vault: MemoryVault, data: bytes | None) -> None:
    without(vault, "MANIFEST.json")
    [name] = vault.objects("INTENT.json")
    vault.write(name, data)
    assert listed(vault) == Listing(vault.source, vault.backup, STARTED)


def test_backups_are_listed_oldest_first_across_sources(vault: MemoryVault) -> None:
    third = one_more(vault, new_database({"t": MemoryTable()}))
    fourth = one_more(vault, vault.database)
    backups = [item.backup for item in list_backups(open_vault(vault.location))]
    assert backups == [vault.backup, vault.other, third, fourth]
    only = list_backups(open_vault(vault.location), vault.source)
    assert [item.backup for item in only] == [vault.backup, vault.other, fourth]


def test_a_source_that_is_not_there_is_told(vault: MemoryVault) -> None:
    with pytest.raises(NotFoundError, match=r"--source=none: the vault has no such source\. It has: memory.memory-"):
        list_backups(open_vault(vault.location), "none")


def test_a_vault_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "VAULT.json").write_bytes(seal({"format": 1, "vault": "a"}))
    vault = open_vault(str(tmp_path))
    assert list_backups(vault) == []
    with pytest.raises(NotFoundError, match="has no committed backup"):
        find_backup(vault, "latest")
    with pytest.raises(NotFoundError, match="no backup of"):
        find_backup(vault, "2024")


def test_a_backup_is_found_by_its_id_and_by_its_beginning(vault: MemoryVault) -> None:
    opened = open_vault(vault.location)
    for size in range(len(vault.backup), 0, -1):
        wanted = vault.backup[:size]
        if vault.other.startswith(wanted):
            with pytest.raises(UsageError, match=r"means several backups: .* Give more of the id, or --source"):
                find_backup(opened, wanted)
        else:
            assert find_backup(opened, wanted).backup == vault.backup


def test_an_id_that_is_the_beginning_of_another_means_itself(vault: MemoryVault) -> None:
    (vault.root / vault.source / f"{vault.backup}00").mkdir()
    assert find_backup(open_vault(vault.location), vault.backup).backup == vault.backup


def test_a_backup_is_found_by_the_end_of_its_id_and_after_its_source(vault: MemoryVault) -> None:
    opened = open_vault(vault.location)
    end = vault.backup.partition("-")[2]
    for wanted in (end, f"{vault.source}/{vault.backup}", f"{vault.source}/{end}"):
        assert find_backup(opened, wanted).backup == vault.backup
        assert find_backup(opened, wanted, vault.source).backup == vault.backup
    assert find_backup(opened, f"{vault.source}/latest").backup == vault.other
    with pytest.raises(UsageError, match=r"^--backup=.*/latest is not of --source=other\. Give one of the two\."):
        find_backup(opened, f"{vault.source}/latest", "other")
    with pytest.raises(NotFoundError, match=r"^--source=other: the vault has no such source"):
        find_backup(opened, f"other/{vault.backup}")


def test_a_name_narrows_latest_and_holds_an_id_to_it(vault: MemoryVault) -> None:
    opened = open_vault(vault.location)
    nightly = claim(opened, MemorySource(vault.database), MemorySource(vault.database).tables(), "nightly", {})
    work = by_hand.new_work(vault.location, MemorySource(vault.database))
    by_hand.backup(replace(work, backup=nightly.backup))
    assert find_backup(opened, "latest").backup == nightly.backup
    assert find_backup(opened, "latest", name="nightly").backup == nightly.backup
    assert find_backup(opened, "latest", name="by hand").backup == vault.other
    assert find_backup(opened, vault.backup, name="by hand").backup == vault.backup
    with pytest.raises(NotFoundError, match="has no committed backup with --name=daily"):
        find_backup(opened, "latest", name="daily")
    with pytest.raises(NotFoundError, match=f"^--name=nightly: backup {vault.backup} of .* has the name 'by hand'"):
        find_backup(opened, vault.backup, name="nightly")


def test_the_name_tells_two_sources_apart(vault: MemoryVault) -> None:
    source = new_database({"t": MemoryTable()})
    opened = open_vault(vault.location)
    intent = claim(opened, MemorySource(source), MemorySource(source).tables(), "other", {})
    work = by_hand.new_work(vault.location, MemorySource(source))
    by_hand.backup(replace(work, backup=intent.backup))
    assert find_backup(opened, "latest", name="other").backup == intent.backup


def test_a_backup_that_is_broken_beyond_its_name_is_not_stepped_over(vault: MemoryVault) -> None:
    (vault.root / vault.source / vault.backup).rename(vault.root / vault.source / "20200101T000000Z-000000")
    for name in ("MANIFEST.json", "INTENT.json"):
        vault.write(vault.objects(name, vault.other)[0], b"x")
    assert find_backup(open_vault(vault.location), "latest", name="by hand").backup == vault.other


def test_what_was_begun_in_the_future_is_named_and_is_not_the_latest(
    vault: MemoryVault, caplog: pytest.LogCaptureFixture
) -> None:
    opened = open_vault(vault.location)
    begun = begun_at(vault.other)
    assert begun is not None
    assert find_backup(opened, "latest", now=begun - timedelta(minutes=5)).backup == vault.other
    assert caplog.messages == []
    (vault.root / vault.source / vault.backup).rename(vault.root / vault.source / "20200101T000000Z-000000")
    found = find_backup(opened, "latest", now=begun - timedelta(minutes=5, seconds=1))
    assert found.backup == "20200101T000000Z-000000"
    [warning] = caplog.messages
    assert warning.startswith(f"warning: backup {vault.other} was begun in the future: ")
    assert find_backup(opened, vault.other, now=begun - timedelta(days=1)).backup == vault.other


def test_where_all_are_of_the_future_they_are_named(vault: MemoryVault) -> None:
    moment = datetime(2020, 1, 1, tzinfo=timezone.utc)
    both = ", ".join(sorted([vault.other, vault.backup]))
    with pytest.raises(NotFoundError, match=f"but those of the future: {both}. Name one of them with --backup"):
        find_backup(open_vault(vault.location), "latest", now=moment)


def test_a_failed_backup_says_why(vault: MemoryVault) -> None:
    without(vault, "MANIFEST.json")
    store, layout = vault.store, BackupLayout(vault.backup)
    for error in (RefusedError("the table is gone"), KeyboardInterrupt(), RefusedError("the table is gone")):
        note_failure(store, layout, error)
    put(vault, "notes/failure-zzzz.json", b"{")
    item = listed(vault)
    assert item.state == FAILED
    assert sorted(item.problem.splitlines()) == ["KeyboardInterrupt", "the table is gone"]


@pytest.mark.parametrize("wanted", ["", "x", "Latest", "9"])
def test_what_no_id_begins_with_is_told(vault: MemoryVault, wanted: str) -> None:
    with pytest.raises(NotFoundError, match=f"--backup={wanted}: no backup of .* has this id"):
        find_backup(open_vault(vault.location), wanted)


def test_latest_is_the_newest_that_was_committed(vault: MemoryVault) -> None:
    opened = open_vault(vault.location)
    assert find_backup(opened, "latest").backup == vault.other
    by_hand.new_work(vault.location, MemorySource(vault.database))
    assert find_backup(opened, "latest").backup == vault.other
    opened.store_of(vault.source).put(f"{vault.other}/TOMBSTONE.json", b"{}")
    assert find_backup(opened, "latest").backup == vault.backup


def test_latest_does_not_step_over_a_broken_backup(vault: MemoryVault) -> None:
    [name] = vault.objects("MANIFEST.json", vault.other)
    vault.write(name, b"")
    found = find_backup(open_vault(vault.location), "latest")
    assert (found.backup, found.state) == (vault.other, BROKEN)


def test_latest_of_several_sources_needs_one_named(vault: MemoryVault) -> None:
    source = new_database({"t": MemoryTable()})
    newest = one_more(vault, source)
    opened = open_vault(vault.location)
    named = ", ".join(sorted([f"memory+{vault.database}", f"memory+{source}"]))
    with pytest.raises(UsageError, match=f"Give --source, one of: {re.escape(named)}"):
        find_backup(opened, "latest")
    assert find_backup(opened, "latest", f"memory+{source}").backup == newest
    assert find_backup(opened, "latest", vault.source).backup == vault.other
    assert find_backup(opened, newest).folder == f"memory+{source}"


def test_one_id_in_two_sources_needs_the_source_named(vault: MemoryVault) -> None:
    copy = vault.root / "memory+copy"
    (vault.root / vault.source / vault.backup).rename(vault.root / "kept")
    copy.mkdir()
    (vault.root / "kept").rename(copy / vault.other)
    opened = open_vault(vault.location)
    with pytest.raises(UsageError, match="means several backups"):
        find_backup(opened, vault.other)
    assert find_backup(opened, vault.other, vault.source).state == COMMITTED
    assert find_backup(opened, vault.other, "memory+copy").state == BROKEN


@pytest.mark.parametrize("state", [STARTED, FAILED, DELETING])
def test_what_was_not_committed_or_is_being_deleted_is_refused(vault: MemoryVault, state: str) -> None:
    item = replace(listed(vault), state=state, manifest=None)
    with pytest.raises(RefusedError, match=rf"Backup {vault.backup} of .* \(state {state}\)\. Choose another\."):
        usable(item)


def test_what_is_broken_is_an_integrity_error(vault: MemoryVault) -> None:
    with pytest.raises(IntegrityError, match=r"^the reason$"):
        usable(Listing(vault.source, vault.backup, BROKEN, problem="the reason"))


def test_listing_never_changes_a_vault(vault: MemoryVault) -> None:
    before = _files(vault.root)
    opened: Vault = open_vault(vault.location)
    list_backups(opened)
    find_backup(opened, "latest")
    assert _files(vault.root) == before


def _files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
