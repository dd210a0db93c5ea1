"""Every kind of object damaged in every way: the right level names it, and nothing is restored from it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import verify
from pipelines.bigtable_restore import build as build_restore
from pipelines.command.exit_codes import run_command
from pipelines.command.restore import run_restore
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, new_database
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault
from tests.transforms.vault.conftest import restore_config
from transforms import verify_work
from transforms.errors import IntegrityError
from transforms.shard_check import CheckedShard
from transforms.vault import shard_pieces
from transforms.vault.chunk_run import ChunkRun, runs_of
from transforms.vault.store import opening as stores
from transforms.vault.store.interface import ObjectStat
from transforms.vault.store.local import LocalStore

Damage = Callable[[bytes], bytes | None]
KINDS = {
    "intent": "INTENT.json",
    "plan": "plan/*.avro",
    "shard": "data/*/*.avro",
    "receipt": "receipts/*.avro",
    "index": "index/*.avro",
    "attachment": "attachments/*",
}
COUNTS = {"intent": 1, "plan": 2, "shard": 7, "receipt": 7, "index": 2, "attachment": 2}


def inverted(place: Callable[[int], int]) -> Damage:
    def damage(data: bytes) -> bytes:
        damaged = bytearray(data)
        damaged[place(len(data))] ^= 0xFF
        return bytes(damaged)

    return damage


DAMAGES: dict[str, Damage] = {
    "inverted at the start": inverted(lambda size: 0),
    "inverted in the middle": inverted(lambda size: size // 2),
    "inverted at the end": inverted(lambda size: size - 1),
    "cut by one": lambda data: data[:-1],
    "cut to nothing": lambda data: b"",
    "extended": lambda data: data + b"\n",
    "removed": lambda data: None,
}
SWAPPED = "swapped"
ALL_DAMAGES = [*DAMAGES, SWAPPED]


def damaged_copies(vault: MemoryVault, kind: str, damage: str) -> Iterator[str]:
    """Damage each object of a kind for a while; their names below the source's folder."""
    names, others = vault.objects(KINDS[kind]), vault.objects(KINDS[kind], vault.other)
    assert len(names) == len(others) == COUNTS[kind]
    for name, other in zip(names, others, strict=True):
        data = vault.read(name)
        # Plans and attachments of two backups are mostly equal; another object's bytes are what matters.
        swapped = vault.read(other) if vault.read(other) != data else vault.read(others[others.index(other) - 1])
        vault.write(name, swapped if damage == SWAPPED else DAMAGES[damage](data))
        yield name.partition("/")[2]
        vault.write(name, data)


def nothing_restored(vault: MemoryVault) -> None:
    """A restore without an engine must refuse with all problems before its first write."""
    target = new_database()
    with pytest.raises(IntegrityError, match="nothing was written"):
        by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    assert DATABASES[target].tables == {}
    assert DATABASES[target].calls == {"check": 1}


def verified(vault: MemoryVault, level: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and report of the command."""
    capsys.readouterr()
    code = verify.main([f"--vault={vault.location}", f"--backup={vault.backup}", f"--level={level}", "--json=true"])
    return code, json.loads(capsys.readouterr().out)


def restored(vault: MemoryVault) -> int:
    """Exit code of the command, which must write nothing."""
    target = new_database()
    code = run_command(lambda _: run_restore(restore_config(vault, target), build_restore), [])
    assert DATABASES[target].tables == {}
    return code


@pytest.mark.parametrize("damage", ALL_DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_damaged_object_is_named_and_nothing_is_restored(vault: MemoryVault, kind: str, damage: str) -> None:
    for name in damaged_copies(vault, kind, damage):
        [problem] = by_hand.verify(vault.committed, "L1").problems
        assert problem.startswith(name)
        assert problem in by_hand.verify(vault.committed, "L3").problems
        nothing_restored(vault)
    assert by_hand.verify(vault.committed, "L3").ok


def test_the_commands_name_one_damaged_object_of_each_kind(
    vault: MemoryVault, capsys: pytest.CaptureFixture[str]
) -> None:
    # The last index file is that of the other table, so the damaged shard and receipt are still looked for.
    names = [vault.objects(KINDS[kind])[-1 if kind == "index" else 0] for kind in KINDS]
    for name in names:
        vault.write(name, DAMAGES["inverted in the middle"](vault.read(name)))
    code, report = verified(vault, "L1", capsys)
    assert (code, report["ok"], report["level"]) == (5, False, "L1")
    expected = sorted(name.partition("/")[2] for name in names)
    assert [problem.partition(" ")[0].rstrip(":") for problem in report["problems"]] == expected
    assert restored(vault) == 5
    message = capsys.readouterr().err
    assert all(name in message for name in expected)


@pytest.mark.parametrize("damage", [damage for damage in ALL_DAMAGES if damage != "removed"])
def test_a_damaged_manifest_is_a_failure_at_every_level(
    vault: MemoryVault, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [name], [other] = vault.objects("MANIFEST.json"), vault.objects("MANIFEST.json", vault.other)
    vault.write(name, vault.read(other) if damage == SWAPPED else DAMAGES[damage](vault.read(name)))
    for level in ("L0", "L3"):
        code, report = verified(vault, level, capsys)
        assert (code, report["ok"], len(report["problems"])) == (5, False, 1)
        assert name in report["problems"][0]
    assert restored(vault) == 5


def test_a_backup_whose_manifest_is_gone_is_none(vault: MemoryVault, capsys: pytest.CaptureFixture[str]) -> None:
    """It cannot be told from one that never ended: not whole for verify, refused by restore."""
    [name] = vault.objects("MANIFEST.json")
    vault.write(name, None)
    code, report = verified(vault, "L1", capsys)
    assert (code, report["ok"]) == (5, False)
    assert report["problems"] == [
        f"backup {vault.backup} of {vault.source} is STARTED: it has no manifest, or is being deleted."
    ]
    assert restored(vault) == 6


@pytest.mark.parametrize("damage", [damage for damage in ALL_DAMAGES if damage != "removed"])
def test_a_damaged_vault_document_is_a_failure(
    vault: MemoryVault, other_vault: MemoryVault, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = other_vault.read("VAULT.json")
    vault.write("VAULT.json", swapped if damage == SWAPPED else DAMAGES[damage](vault.read("VAULT.json")))
    code, report = verified(vault, "L1", capsys)
    assert (code, report["ok"], len(report["problems"])) == (5, False, 1)
    assert "VAULT.json" in report["problems"][0]
    assert restored(vault) == 5


def test_without_its_document_there_is_no_vault(vault: MemoryVault, capsys: pytest.CaptureFixture[str]) -> None:
    vault.write("VAULT.json", None)
    code, report = verified(vault, "L1", capsys)
    assert (code, report["error"]["code"]) == (7, 7)
    assert "VAULT.json" in report["error"]["message"]
    assert restored(vault) == 7


class KeptChecksums(LocalStore):
    """As on an object store: a checksum is what was computed when the object was written."""

    kept: dict[str, ObjectStat]

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        return self.kept[name]


@pytest.mark.parametrize("kind", ["intent", "plan", "shard", "receipt", "attachment"])
@pytest.mark.parametrize("damage", ALL_DAMAGES)
def test_bytes_that_changed_below_a_stores_checksum_are_found_when_they_are_read(
    vault: MemoryVault, kind: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalStore(vault.location)
    KeptChecksums.kept = {name: local.stat(name) for name in local.list("")}
    monkeypatch.setattr(stores, "LocalStore", KeptChecksums)
    for name in damaged_copies(vault, kind, damage):
        # The object is read in whole pieces: what was added to it lies behind the last one.
        for reader, bound in ((verify_work, "_PIECE"), (shard_pieces, "PIECE")):
            monkeypatch.setattr(reader, bound, KeptChecksums.kept[f"{vault.source}/{name}"].size)
        assert by_hand.verify(vault.committed, "L1").ok
        assert [problem.partition(" ")[0] for problem in by_hand.verify(vault.committed, "L2").problems] == [name]
        assert name in " ".join(by_hand.verify(vault.committed, "L3").problems)


def test_every_byte_of_every_chunk_is_proved_by_its_digest(vault: MemoryVault) -> None:
    work, checked = vault.work, 0
    for file in work.index_files(None):
        for entry in [entry for part in work.read_index(file) if isinstance(part, tuple) for entry in part]:
            for run in runs_of(entry.place, entry.shard):
                path = vault.root / vault.source / run.shard
                checked += sum(_named(work.check_shard(entry), run) for _ in inverted_bytes(path, run))
    assert checked == sum(entry.totals.stored_bytes for entry in vault.manifest.tables) > 800


def inverted_bytes(path: Path, run: ChunkRun) -> Iterator[None]:
    """Invert the bytes of a run's chunks one after the other."""
    data = path.read_bytes()
    for place in range(run.chunks[0].offset, run.chunks[-1].offset + run.chunks[-1].length):
        path.unlink(missing_ok=True)
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        yield
    path.write_bytes(data)


def _named(checked: CheckedShard, run: ChunkRun) -> bool:
    return checked.damaged and f"{run.shard}: the chunk " in " ".join(checked.report.problems)
