"""What the commands print of a vault: the JSON is the contract."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pipelines import list_backups, show_backup, verify
from pipelines.bigtable_backup import build
from pipelines.command.backup import run_backup
from tests.memory_room.database import DATABASES
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.vaults import MemoryVault
from tests.transforms.vault.conftest import backup_config
from transforms.errors import UnreachableError
from transforms.identity import Table
from transforms.source import Conclusion

Capture = pytest.CaptureFixture[str]


def printed(capsys: Capture) -> dict[str, Any]:
    """The JSON object that a command printed."""
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def printed_list(capsys: Capture) -> list[dict[str, Any]]:
    """The JSON array that a command printed."""
    value: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return value


def moment(text: str) -> float:
    """Seconds since 1970 of a time in a manifest."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def summary(vault: MemoryVault, backup: str) -> dict[str, Any]:
    """What list says of a whole backup, from the manifest as any JSON reader sees it."""
    manifest = json.loads(vault.read(f"{vault.source}/{backup}/MANIFEST.json"))
    finished = [moment(item["read_finished"]) for item in manifest["tables"]]
    return {
        "backup": backup,
        "source": vault.source,
        "kind": "full",
        "created": manifest["created"],
        "seconds": pytest.approx(max(finished) - moment(manifest["created"])),
        "name": "by hand",
        "tables": [ORDERS, PEOPLE],
        "consistency": "snapshot",
        "state": "COMMITTED",
        "problem": None,
        "rows": 54,
        "bytes": manifest["totals"]["bytes"],
        "stored_bytes": manifest["totals"]["stored_bytes"],
    }


def unfinished(vault: MemoryVault, backup: str, state: str, problem: str | None = None) -> dict[str, Any]:
    """What list says of any other backup whose intent can be read."""
    unknown = {"state": state, "problem": problem, "seconds": None, "rows": None, "bytes": None}
    intent = json.loads(vault.read(f"{vault.source}/{backup}/INTENT.json"))
    unknown["stored_bytes"] = None
    known = {"kind": "full", "created": intent["created"], "name": "by hand", "tables": [ORDERS, PEOPLE]}
    return {"backup": backup, "source": vault.source, "consistency": "snapshot", **known, **unknown}


def table(vault: MemoryVault, name: str, schema: object, ranges: int) -> dict[str, Any]:
    manifest = json.loads(vault.read(f"{vault.source}/{vault.backup}/MANIFEST.json"))
    [entry] = [item for item in manifest["tables"] if item["name"] == name]
    same = ("digest", "rows", "bytes", "stored_bytes", "chunks")
    counts = {"ranges": ranges, "shards": ranges}
    return {"name": name, "schema": schema, "warnings": [], **counts, **{key: entry[key] for key in same}}


def test_list_is_an_array_of_summaries(vault: MemoryVault, capsys: Capture) -> None:
    assert list_backups.main([f"--vault={vault.location}", "--json=true"]) == 0
    assert printed_list(capsys) == [summary(vault, vault.backup), summary(vault, vault.other)]


def test_list_has_backups_of_every_state(vault: MemoryVault, capsys: Capture) -> None:
    [name] = vault.objects("MANIFEST.json", vault.other)
    vault.write(name, b"x")
    vault.store.put(f"{vault.backup}/TOMBSTONE.json", b"{}")
    assert list_backups.main([f"--vault={vault.location}", f"--source={vault.source}", "--json=true"]) == 0
    deleting, broken = printed_list(capsys)
    assert deleting == unfinished(vault, vault.backup, "DELETING")
    assert broken == unfinished(vault, vault.other, "BROKEN", broken["problem"])
    assert broken["problem"].startswith(f"{name} cannot be read")


def test_list_of_a_backup_without_an_intent_knows_little(vault: MemoryVault, capsys: Capture) -> None:
    (vault.root / vault.source / "99990101T000000Z-000000").mkdir()
    assert list_backups.main([f"--vault={vault.location}", "--json=true"]) == 0
    last = printed_list(capsys)[-1]
    assert (last["backup"], last["state"]) == ("99990101T000000Z-000000", "STARTED")
    assert {last[key] for key in ("created", "name", "tables", "consistency", "rows", "bytes")} == {None}


@pytest.mark.parametrize("wanted", ["id", "latest"])
def test_show_adds_every_table(vault: MemoryVault, wanted: str, capsys: Capture) -> None:
    for name in vault.objects("**/*", vault.other) if wanted == "latest" else []:
        if (vault.root / name).is_file():
            vault.write(name, None)
    arguments = [f"--vault={vault.location}", f"--backup={vault.backup if wanted == 'id' else wanted}", "--json=true"]
    assert show_backup.main(arguments) == 0
    tables = [table(vault, ORDERS, {"nullable": False}, 3), table(vault, PEOPLE, {"nullable": True}, 4)]
    facts = json.loads(vault.read(f"{vault.source}/{vault.backup}/MANIFEST.json"))["facts"]
    assert facts == {"held": False, "calls": 1}
    assert printed(capsys) == {**summary(vault, vault.backup), "tables": tables, "facts": facts}


def test_show_of_an_unfinished_backup_has_no_tables(vault: MemoryVault, capsys: Capture) -> None:
    vault.store.delete(f"{vault.backup}/MANIFEST.json")
    assert show_backup.main([f"--vault={vault.location}", f"--backup={vault.backup}", "--json=true"]) == 0
    assert printed(capsys) == {**unfinished(vault, vault.backup, "STARTED"), "tables": [], "facts": None}


def test_show_prints_every_state_for_people(vault: MemoryVault, capsys: Capture) -> None:
    assert show_backup.main([f"--vault={vault.location}", f"--backup={vault.backup}"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in (vault.backup, "COMMITTED", "snapshot", ORDERS, PEOPLE, "murmur3-x64-128:"))
    vault.write(vault.objects("MANIFEST.json")[0], b"x")
    assert show_backup.main([f"--vault={vault.location}", f"--backup={vault.backup}"]) == 0
    name = vault.objects("MANIFEST.json")[0]
    assert f"problem      {name} cannot be read" in capsys.readouterr().out


class NotingSource(MemorySource):
    """One that has something to say to people."""

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        return replace(super().conclude(tables), facts={"notes": ["first", "second"]})


def test_notes_of_the_source_are_told_to_people(vault: MemoryVault, capsys: Capture) -> None:
    config = replace(backup_config(vault.location, vault.database), source=NotingSource(vault.database), json=False)
    assert run_backup(config, build) == 0
    taken = capsys.readouterr().out
    assert show_backup.main([f"--vault={vault.location}", "--backup=latest"]) == 0
    assert capsys.readouterr().out == taken
    assert taken.splitlines()[-2:] == ["note: first", "note: second"]


@pytest.mark.parametrize(("level", "checked"), [("L0", 1), ("L2", 40)])
def test_verify_reports_what_was_checked(vault: MemoryVault, level: str, checked: int, capsys: Capture) -> None:
    arguments = [f"--vault={vault.location}", f"--backup={vault.backup}", f"--level={level}", "--json=true"]
    assert verify.main(arguments) == 0
    assert printed(capsys) == {
        "ok": True,
        "level": level,
        "backup": vault.backup,
        "source": vault.source,
        "checked": checked,
        "problems": [],
        "unnamed_problems": 0,
    }


def test_verify_tells_people_what_is_wrong(vault: MemoryVault, capsys: Capture) -> None:
    vault.store.put(f"{vault.backup}/TOMBSTONE.json", b"{}")
    assert verify.main([f"--vault={vault.location}", f"--backup={vault.backup}", "--level=L0"]) == 5
    problem, verdict = capsys.readouterr().out.splitlines()
    assert problem.startswith(f"problem: backup {vault.backup} of {vault.source} is DELETING: ")
    assert verdict == "NOT OK: level L0, 1 check, 1 problem"


def test_backup_prints_what_show_prints_of_it(vault: MemoryVault, capsys: Capture) -> None:
    assert run_backup(backup_config(vault.location, vault.database), build) == 0
    taken, calls = printed(capsys), DATABASES[vault.database].calls
    assert (calls["open"], calls["close"], calls["conclude"]) == (1, 1, 1)
    assert show_backup.main([f"--vault={vault.location}", "--backup=latest", "--json=true"]) == 0
    assert printed(capsys) == taken
    assert {key: taken[key] for key in ("kind", "name", "state", "rows")} == {
        "kind": "full",
        "name": "nightly",
        "state": "COMMITTED",
        "rows": 54,
    }


def test_a_backup_that_fails_leaves_a_note_and_the_error(vault: MemoryVault, capsys: Capture) -> None:
    config, faults = backup_config(vault.location, vault.database), DATABASES[vault.database].faults
    faults["read", min(DATABASES[vault.database].tables[ORDERS].keyed)] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        run_backup(replace(config, name="doomed"), build)
    faults.clear()
    assert DATABASES[vault.database].calls["close"] == DATABASES[vault.database].calls["open"] == 1
    assert list_backups.main([f"--vault={vault.location}", "--json=true"]) == 0
    failed = printed_list(capsys)[-1]
    assert (failed["state"], failed["name"]) == ("FAILED", "doomed")
    [note] = vault.objects("notes/*", failed["backup"])
    value = json.loads(vault.read(note))
    assert (value["error"], value["message"]) == ("UnreachableError", "the server is gone")
