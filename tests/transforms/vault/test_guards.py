"""What a restore refuses, with nothing written, and what a backup refuses."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.bigtable_backup import build as build_backup
from pipelines.bigtable_restore import build as build_restore
from pipelines.command.backup import run_backup
from pipelines.command.exit_codes import run_command
from pipelines.command.job.engine import Engine
from pipelines.command.print.report import Report
from pipelines.command.restore import RestoreConfig, run_restore
from tests.memory_room.database import DATABASES, MemoryTable, new_database
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault
from tests.transforms.vault.conftest import backup_config, restore_config
from transforms.errors import UnreachableError
from transforms.skipped import Skipped, from_text
from transforms.vault.catalogue import list_backups
from transforms.vault.format.sealed_json import SEAL, seal
from transforms.vault.vault import open_vault

Capture = pytest.CaptureFixture[str]


def restore(config: RestoreConfig, capsys: Capture) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    capsys.readouterr()
    code = run_command(lambda _: run_restore(config, build_restore), [])
    return code, *capsys.readouterr()


def refused(config: RestoreConfig, code: int, problem: str, capsys: Capture) -> None:
    """The restore must end with this code and message, and not have touched its target."""
    database = DATABASES[config.target.identity().parts[0][1]]
    before = {name: (dict(table.keyed), set(table.nulls)) for name, table in database.tables.items()}
    found, out, err = restore(config, capsys)
    assert (found, out) == (code, "")
    assert problem in err
    assert database.content == before
    assert [database.calls[call] for call in ("begin", "prepare", "write", "finish", "end")] == [0] * 5


def put(vault: MemoryVault, name: str, data: bytes = b"{}") -> None:
    vault.store.put(f"{vault.backup}/{name}", data)


def resealed(vault: MemoryVault, name: str, **changes: object) -> None:
    """Change fields of a JSON object and seal it properly, as another version would."""
    value = {key: item for key, item in json.loads(vault.read(name)).items() if key != SEAL}
    vault.write(name, seal({**value, **changes}))


def test_a_backup_that_was_only_started(vault: MemoryVault, capsys: Capture) -> None:
    vault.store.delete(f"{vault.backup}/MANIFEST.json")
    refused(restore_config(vault, new_database()), 6, "(state STARTED). Choose another.", capsys)


def test_a_backup_that_failed(vault: MemoryVault, capsys: Capture) -> None:
    vault.store.delete(f"{vault.backup}/MANIFEST.json")
    put(vault, "notes/failure-00ff.json")
    refused(restore_config(vault, new_database()), 6, "(state FAILED). Choose another.", capsys)


def test_a_backup_that_is_being_deleted(vault: MemoryVault, capsys: Capture) -> None:
    put(vault, "TOMBSTONE.json")
    refused(restore_config(vault, new_database()), 6, "(state DELETING). Choose another.", capsys)


def test_a_broken_backup(vault: MemoryVault, capsys: Capture) -> None:
    [name] = vault.objects("MANIFEST.json")
    vault.write(name, vault.read(name) + b" ")
    refused(restore_config(vault, new_database()), 5, f"{name} is corrupt", capsys)


def test_a_backup_of_an_unknown_format(vault: MemoryVault, capsys: Capture) -> None:
    [name] = vault.objects("MANIFEST.json")
    resealed(vault, name, format=2)
    refused(restore_config(vault, new_database()), 5, f"{name} has format 2; this version reads format 1.", capsys)


def test_a_vault_of_an_unknown_format(vault: MemoryVault, capsys: Capture) -> None:
    resealed(vault, "VAULT.json", format=2)
    refused(restore_config(vault, new_database()), 5, "VAULT.json has format 2; this version reads format 1.", capsys)


def test_a_backup_that_is_not_there(vault: MemoryVault, capsys: Capture) -> None:
    config = replace(restore_config(vault, new_database()), backup="none")
    refused(config, 7, "--backup=none: no backup of", capsys)


def test_a_table_that_is_not_in_the_backup(vault: MemoryVault, capsys: Capture) -> None:
    config = restore_config(vault, new_database(), "none")
    refused(config, 7, "--table=none: the backup has no such table. It has: orders, people.", capsys)


def test_a_backup_of_another_kind_of_database(vault: MemoryVault, capsys: Capture) -> None:
    [name] = vault.objects("MANIFEST.json")
    source = {"room": "bigtable", "parts": [["project", "p"]]}
    resealed(vault, name, source=source)
    (vault.root / vault.source).rename(vault.root / "bigtable+p")
    refused(restore_config(vault, new_database()), 6, "restore it with that database's own command", capsys)


def test_a_target_that_has_rows(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database({PEOPLE: MemoryTable({b"k": b"v"}), "other": MemoryTable({b"k": b"v"})})
    problem = f"table {PEOPLE} has rows. --if_exists=append adds to them, --table=SRC:DST goes elsewhere."
    refused(restore_config(vault, target), 6, problem, capsys)
    assert ORDERS not in DATABASES[target].tables


def adding(config: RestoreConfig, *, append: bool = False, into_source: bool = False) -> RestoreConfig:
    """The same restore, with leave to add rows."""
    return replace(config, assigning=replace(config.assigning, append=append, into_source=into_source))


def test_the_source_itself(vault: MemoryVault, capsys: Capture) -> None:
    DATABASES[vault.database].calls.clear()
    config = restore_config(vault, vault.database)
    problem = f"table {ORDERS} has rows. It is the table that was backed up; --if_exists=append and --into_source adds"
    refused(config, 6, problem, capsys)
    refused(adding(config, append=True), 6, problem, capsys)
    refused(adding(config, into_source=True), 6, problem, capsys)


def test_two_tables_into_one(vault: MemoryVault, capsys: Capture) -> None:
    config = restore_config(vault, new_database(), f"{ORDERS}:t", f"{PEOPLE}:t")
    refused(config, 2, "two tables cannot be restored into one", capsys)


def test_a_runner_whose_workers_do_not_see_the_vault(vault: MemoryVault, capsys: Capture) -> None:
    config = replace(restore_config(vault, new_database()), engine=Engine.of(["--runner=DataflowRunner"]))
    refused(config, 6, "which the workers of --runner=DataflowRunner do not see", capsys)
    backup = replace(backup_config(vault.location, vault.database), engine=config.engine)
    before = [item.backup for item in list_backups(open_vault(vault.location))]
    assert run_command(lambda _: run_backup(backup, build_backup), []) == 6
    assert [item.backup for item in list_backups(open_vault(vault.location))] == before


def test_only_planning_writes_nothing(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database({PEOPLE: MemoryTable(nullable=True)})
    code, out, _ = restore(replace(restore_config(vault, target), plan_only=True), capsys)
    assert code == 0
    assert json.loads(out) == {
        "tables": [
            {"table": ORDERS, "destination": ORDERS, "action": "create", "rows": 30},
            {"table": PEOPLE, "destination": PEOPLE, "action": "add to", "rows": 24},
        ]
    }
    assert DATABASES[target].content == {PEOPLE: ({}, set())}


def test_with_both_flags_rows_go_into_the_source(vault: MemoryVault, capsys: Capture) -> None:
    database = DATABASES[vault.database]
    wanted, database.tables[ORDERS].keyed = dict(database.tables[ORDERS].keyed), {b"new": b"row"}
    config = adding(restore_config(vault, vault.database, ORDERS), append=True, into_source=True)
    code, out, _ = restore(config, capsys)
    assert code == 0
    assert [table["rows"] for table in json.loads(out)["tables"]] == [30]
    assert database.tables[ORDERS].keyed == {**wanted, b"new": b"row"}


def test_a_restored_table_gets_its_new_name(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database()
    code, out, err = restore(restore_config(vault, target, f"{PEOPLE}:persons"), capsys)
    note = "table persons: rows without a key stand apart."
    table = {"table": PEOPLE, "destination": "persons", "rows": 24, "expired": 0, "notes": [note]}
    rest = {"notes": [ORDERS, PEOPLE], "skipped": [], "others": {"damaged": [], "unknown": None, "verify": ""}}
    assert (code, json.loads(out)) == (0, {"tables": [table], **rest})
    assert err.splitlines()[-3:] == [f"note: {word}" for word in (note, ORDERS, PEOPLE)]
    assert "warning: " not in err
    assert DATABASES[target].content == {"persons": DATABASES[vault.database].tables[PEOPLE].content}


def test_a_target_forgets_when_its_job_is_over_and_not_before(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database()
    assert restore(restore_config(vault, target), capsys)[0] == 0
    assert list(DATABASES[target].calls)[-2:] == ["end", "forget"]


@dataclass(frozen=True)
class Unforgetting(MemoryTarget):
    """One that cannot clear up."""

    def forget(self) -> None:
        raise UnreachableError("it is gone")


def test_a_restore_that_cannot_clear_up_is_whole(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database()
    code, _, err = restore(replace(restore_config(vault, target), target=Unforgetting(target)), capsys)
    assert code == 0
    assert "warning: everything was restored, but not cleared up: it is gone" in err
    assert DATABASES[target].content == DATABASES[vault.database].content


def test_a_report_has_what_was_left_out(vault: MemoryVault, capsys: Capture, tmp_path: Path) -> None:
    left_out = (Skipped("role r", "it is not there", "CREATE ROLE r;"),)
    config = restore_config(vault, new_database())
    target = MemoryTarget(config.target.identity().parts[0][1], left_out)
    report = Report.at(str(tmp_path / "left_out"))
    assert restore(replace(config, target=target, report=report), capsys)[0] == 3
    assert from_text((tmp_path / "left_out.json").read_text()) == left_out
    assert "CREATE ROLE r;" in (tmp_path / "left_out.sql").read_text().splitlines()
    nowhere = replace(restore_config(vault, new_database()), report=Report("/no/such/folder/x"))
    refused(nowhere, 2, "--report=/no/such/folder/x", capsys)


def test_what_a_restore_leaves_out_is_told_and_has_an_exit_code(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database()
    left_out = (Skipped("role r", "it is not there"), Skipped("table x", "needs role r", follows=True))
    config = replace(restore_config(vault, target), target=MemoryTarget(target, left_out))
    code, out, err = restore(config, capsys)
    assert (code, json.loads(out)["skipped"]) == (3, [asdict(each) for each in left_out])
    assert err.splitlines()[-2:] == [
        "warning: left out: role r: it is not there.",
        "warning: left out: table x: needs role r.",
    ]
    assert DATABASES[target].content == DATABASES[vault.database].content


def test_a_restore_that_fails_tells_what_it_leaves(vault: MemoryVault, capsys: Capture) -> None:
    target = new_database()
    key = min(DATABASES[vault.database].tables[ORDERS].keyed)
    DATABASES[target].faults["write", key] = UnreachableError("the server is gone")
    code, out, err = restore(restore_config(vault, target), capsys)
    assert (code, out) == (9, "")
    told = err[err.index("shardkeep: ") :].splitlines()
    assert told[0] == "shardkeep: the server is gone"
    assert f"table {ORDERS} is left unfinished; drop it." in told[1:]


def test_a_plan_of_a_backup_writes_nothing(vault: MemoryVault, tmp_path: Path, capsys: Capture) -> None:
    config = replace(backup_config(str(tmp_path / "none"), vault.database), plan_only=True)
    assert run_backup(config, build_backup) == 0
    planned: Any = json.loads(capsys.readouterr().out)
    expected = [{"name": ORDERS, "ranges": 2}, {"name": PEOPLE, "ranges": 3}]
    assert planned == {"source": vault.source, "tables": expected}
    assert not (tmp_path / "none").exists()


def test_a_backup_of_a_table_that_is_not_there_leaves_nothing(vault: MemoryVault, tmp_path: Path) -> None:
    config = backup_config(str(tmp_path / "none"), vault.database, "none")
    assert run_command(lambda _: run_backup(config, build_backup), []) == 7
    assert not (tmp_path / "none").exists()


def test_a_backup_into_a_vault_without_its_document(vault: MemoryVault, capsys: Capture) -> None:
    vault.write("VAULT.json", None)
    assert run_command(lambda _: run_backup(backup_config(vault.location, vault.database), build_backup), []) == 6
    assert "holds backups, but its VAULT.json is gone" in capsys.readouterr().err
    assert not (vault.root / "VAULT.json").exists()
