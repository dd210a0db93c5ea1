"""A small measurement of a vault of many backups, and that the vault is one."""

from pathlib import Path

from benchmarks.vault.bench import LOOKS, measure
from benchmarks.vault.fill import SOURCE, fill
from transforms.vault.catalogue import COMMITTED, list_backups
from transforms.vault.vault import open_vault


def test_every_line_is_measured_in_a_vault_of_backups(tmp_path: Path) -> None:
    columns = measure(str(tmp_path), 3, 2, 1)
    assert [(column.contestant.name, column.problem) for column in columns] == [(look.name, "") for look in LOOKS]


def test_the_backups_of_the_vault_are_committed(tmp_path: Path) -> None:
    fill(str(tmp_path / "vault"), 5, 3)
    found = list_backups(open_vault(str(tmp_path / "vault")), SOURCE.folder)
    assert [(each.state, len(each.manifest.tables)) for each in found if each.manifest] == [(COMMITTED, 3)] * 5
