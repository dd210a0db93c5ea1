"""The first rows of a backup's tables."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.memory_room.database import DATABASES
from tests.memory_room.records import decode
from tests.memory_room.vaults import MemoryVault, take
from transforms.errors import NotFoundError
from transforms.first_rows import FirstRows


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


def test_the_first_rows_are_some_of_the_table_s(vault: MemoryVault) -> None:
    first = FirstRows(vault.store, vault.manifest)
    for entry in vault.manifest.tables:
        rows = list(decode(first.records(entry.table)))
        table = DATABASES[vault.database].tables[entry.table.name]
        assert 0 < len(rows) < entry.totals.rows
        assert all(table.keyed.get(key) == value if key is not None else value in table.nulls for key, value in rows)


def test_a_table_without_rows_has_no_first_ones(vault: MemoryVault) -> None:
    first, *others = vault.manifest.tables
    empty = replace(vault.manifest, tables=(replace(first, index=()), *others))
    assert FirstRows(vault.store, empty).records(first.table) == b""


def test_a_missing_shard_is_an_error(tmp_path: Path) -> None:
    vault = take(tmp_path / "other")
    for name in list(vault.store.list(f"{vault.backup}/data/")):
        vault.store.delete(name)
    with pytest.raises(NotFoundError):
        FirstRows(vault.store, vault.manifest).records(vault.manifest.tables[0].table)
