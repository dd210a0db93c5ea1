"""What a look at a vault asks its store for: a vault has years of backups, and each answer comes from far away."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.faulty_store import Fault, FaultyStore
from tests.memory_room.vaults import MemoryVault
from transforms.errors import UsageError
from transforms.vault.catalogue import BROKEN, COMMITTED, list_backups
from transforms.vault.find_backup import find_backup
from transforms.vault.store.local import LocalStore
from transforms.vault.vault import Vault, open_vault

OLD = "20200101T000000Z-000000"
EARLIER = "20191231T235959Z-000000"
DEADLINE = 30.0


@dataclass(frozen=True)
class MeetingStore(LocalStore):
    """A store where calls wait for one another."""

    meeting: threading.Barrier

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        self.meeting.wait(DEADLINE)
        return LocalStore.read(self, name, start, length)


def rename(vault: MemoryVault, backup: str, new: str) -> None:
    """What is renamed keeps its place in time, and is broken: its manifest is of another id."""
    folder = vault.root / vault.source
    (folder / backup).rename(folder / new)


def counted(vault: MemoryVault, look: Callable[[Vault], object]) -> list[str]:
    """The calls of a look, without the source's name."""
    fault = Fault()
    look(replace(open_vault(vault.location), store=FaultyStore(LocalStore(vault.location), fault)))
    return [call.replace(vault.source, "S") for call in fault.calls]


def test_latest_looks_at_no_backup_that_is_older(vault: MemoryVault) -> None:
    rename(vault, vault.backup, OLD)
    (vault.root / vault.source / EARLIER).mkdir()
    calls = counted(vault, lambda opened: find_backup(opened, "latest"))
    newest = f"S/{vault.other}"
    assert calls == ["folders ", "folders S/", f"stat {newest}/TOMBSTONE.json", f"read {newest}/MANIFEST.json"]


def test_latest_passes_over_what_was_not_committed_and_stops_at_what_is_broken(vault: MemoryVault) -> None:
    rename(vault, vault.backup, OLD)
    (vault.root / vault.source / EARLIER).mkdir()
    (vault.root / vault.source / vault.other / "MANIFEST.json").unlink()
    found = find_backup(open_vault(vault.location), "latest")
    assert (found.backup, found.state) == (OLD, BROKEN)
    calls = counted(vault, lambda opened: find_backup(opened, "latest"))
    looked = {call.split("/")[1] for call in calls if call.startswith("stat ")}
    assert looked == {vault.other, OLD}


def test_of_two_backups_of_one_second_the_later_one_is_the_latest(vault: MemoryVault) -> None:
    second = vault.other.partition("-")[0]
    rename(vault, vault.backup, f"{second}-ffffff")
    assert find_backup(open_vault(vault.location), "latest").backup == vault.other


@pytest.mark.parametrize("size", [1, 23], ids=["beginning", "id"])
def test_an_id_or_its_beginning_looks_at_that_backup_alone(vault: MemoryVault, size: int) -> None:
    rename(vault, vault.backup, "1" + OLD[1:])
    calls = counted(vault, lambda opened: find_backup(opened, vault.other[:size]))
    assert calls[:2] == ["folders ", "folders S/"]
    assert calls[2:] == [f"stat S/{vault.other}/TOMBSTONE.json", f"read S/{vault.other}/MANIFEST.json"]


def test_what_means_several_backups_looks_at_none(vault: MemoryVault) -> None:
    def look(opened: Vault) -> None:
        with pytest.raises(UsageError, match=f"{OLD}, .*{vault.other}. Give more of the id"):
            find_backup(opened, "20")

    rename(vault, vault.backup, OLD)
    assert counted(vault, look) == ["folders ", "folders S/"]


def test_a_list_asks_two_things_of_each_committed_backup(vault: MemoryVault) -> None:
    calls = Counter(counted(vault, list_backups))
    backups = [f"S/{backup}" for backup in (vault.backup, vault.other)]
    asked = [call for name in backups for call in (f"stat {name}/TOMBSTONE.json", f"read {name}/MANIFEST.json")]
    assert calls == Counter(["folders ", "folders S/", *asked])


def test_a_list_looks_at_backups_side_by_side(vault: MemoryVault) -> None:
    together = MeetingStore(vault.location, threading.Barrier(2))
    found = list_backups(replace(open_vault(vault.location), store=together))
    assert [(item.backup, item.state) for item in found] == [(vault.backup, COMMITTED), (vault.other, COMMITTED)]
