"""Each store call of a whole backup fails in turn: there is no manifest, or a whole one, and the next run succeeds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.bigtable_backup import build
from pipelines.command.backup import run_backup
from tests.faulty_store import Fault, faulty_stores
from tests.memory_room import by_hand
from tests.memory_room.database import MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.transforms.vault.conftest import backup_config
from transforms.errors import UnreachableError
from transforms.vault.catalogue import COMMITTED, FAILED, STARTED, Listing, list_backups
from transforms.vault.vault import open_or_create_vault

ROWS = {b"k1": b"v1", b"k2": b"", b"k3": b"v3" * 9}


def small_source() -> MemorySource:
    return MemorySource(new_database({"t": MemoryTable(dict(ROWS), {b"null"}, nullable=True)}))


def run(vault: Path, source: MemorySource) -> None:
    by_hand.backup(by_hand.new_work(str(vault), source, ranges=2))


def listed(vault: Path) -> list[Listing]:
    """All backups, each committed one proved at L3 with all of its rows."""
    listings = list_backups(open_or_create_vault(str(vault)))
    for item in (item for item in listings if item.state == COMMITTED):
        assert by_hand.verify(by_hand.committed(str(vault), item.folder, item.backup), "L3").ok
        assert item.manifest is not None
        assert item.manifest.totals.rows == len(ROWS) + 1
    return listings


def fail_every_call(folder: Path, fault_at: Callable[[int], Fault]) -> set[str]:
    """Fail call 1, 2 and so on of a first backup, until none is left; what became of the failing runs."""
    outcomes: set[str] = set()
    for number in range(1, 100):
        source, vault = small_source(), folder / str(number)
        with faulty_stores(fault_at(number)) as fault:
            try:
                run(vault, source)
                outcome = "succeeded"
            except UnreachableError:
                outcome = "failed"
        if not fault.struck:
            assert number > 30
            return outcomes
        states = [item.state for item in listed(vault)]
        assert states in ([], [STARTED], [FAILED], [COMMITTED])
        assert (states == [COMMITTED]) or outcome == "failed"
        outcomes.add(f"{outcome}: {states}")
        run(vault, source)
        assert [item.state for item in listed(vault)] == [*states, COMMITTED]
    raise AssertionError("the backup never ends")


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_a_call_that_fails_once_leaves_no_manifest_or_a_whole_one(tmp_path: Path, after: bool) -> None:
    outcomes = fail_every_call(tmp_path, lambda number: Fault(number, after))
    # A step of the job notes that it failed; an intent whose answer is lost is before all steps.
    started = {"failed: ['STARTED']"} if after else set()
    assert outcomes == {"failed: []", "failed: ['FAILED']", "succeeded: ['COMMITTED']"} | started


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_a_machine_that_is_gone_leaves_no_manifest_or_a_whole_one(tmp_path: Path, after: bool) -> None:
    outcomes = fail_every_call(tmp_path, lambda number: Fault(number, after, for_good=True))
    # The manifest's put is the last call: with its answer lost the run fails, and the backup is there.
    committed = {"failed: ['COMMITTED']"} if after else set()
    assert outcomes == {"failed: []", "failed: ['STARTED']"} | committed


def test_the_command_leaves_a_note_and_the_error_of_the_store(tmp_path: Path) -> None:
    source = small_source()
    # The first call that is made while the job runs and is not tried again.
    with faulty_stores(Fault()) as dry:
        run_backup(backup_config(str(tmp_path / "dry"), source.database), build)
    number = next(n for n, call in enumerate(dry.calls, 1) if call.startswith("create"))
    with faulty_stores(Fault(number)), pytest.raises(UnreachableError, match="fails before its effect"):
        run_backup(backup_config(str(tmp_path / "vault"), source.database), build)
    assert [item.state for item in listed(tmp_path / "vault")] == [FAILED]
    assert run_backup(backup_config(str(tmp_path / "vault"), source.database), build) == 0
    assert [item.state for item in listed(tmp_path / "vault")] == [FAILED, COMMITTED]
