"""Databases and tables whose names are no UTF-8 and stand in Python's text as surrogate escapes (PEP 383)."""

import json
from collections.abc import Iterator, Sequence

import pytest

from pipelines import list_backups, show_backup
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, Database, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import keyed
from tests.memory_room.target import MemoryTarget
from transforms.committed_backup import CommittedBackup
from transforms.identity import Table
from transforms.restore_work import RestoreWork
from transforms.source import Conclusion
from transforms.vault.vault import open_vault

DATABASE = b"caf\xe9".decode("utf-8", "surrogateescape")
LATIN = b"gr\xf6\xdfe".decode("utf-8", "surrogateescape")
UTF = "größe"


class Source(MemorySource):
    """One that concludes with names in its facts."""

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        return Conclusion({"names": sorted(DATABASES[self.database].tables)}, {"names.txt": b"names"})


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommittedBackup]:
    """A backup of a table of the same name in two encodings."""
    DATABASES[DATABASE] = Database({LATIN: MemoryTable(keyed(20)), UTF: MemoryTable(keyed(10, seed=7))})
    work = by_hand.new_work(str(tmp_path_factory.mktemp("names") / "v"), Source(DATABASE))
    by_hand.backup(work)
    yield by_hand.committed(work.vault, work.source.identity().folder, work.backup)
    del DATABASES[DATABASE]


def test_names_of_objects_hold_the_bytes_escaped(backup: CommittedBackup) -> None:
    assert backup.folder == "memory+caf%E9"
    assert [entry.table.folder for entry in backup.manifest().tables] == ["gr%C3%B6%C3%9Fe", "gr%F6%DFe"]


def test_the_manifest_is_ascii_and_gives_the_names_back(backup: CommittedBackup) -> None:
    data = backup.store().read(f"{backup.id}/MANIFEST.json")
    assert data.isascii()
    assert [table["parts"] for table in json.loads(data)["tables"]] == [[UTF], [LATIN]]
    assert dict(backup.manifest().intent.source.parts) == {"database": DATABASE}
    assert backup.manifest().facts == {"names": [UTF, LATIN]}


def test_every_byte_is_verified(backup: CommittedBackup) -> None:
    report = by_hand.verify(backup, "L3")
    assert report.ok
    assert report.checked > 20


def test_every_row_is_restored(backup: CommittedBackup) -> None:
    target = new_database()
    work: RestoreWork = by_hand.restore_work(backup, MemoryTarget(target))
    by_hand.restore(work)
    assert DATABASES[target].content == DATABASES[DATABASE].content


def test_commands_tell_the_names(backup: CommittedBackup, capsys: pytest.CaptureFixture[str]) -> None:
    vault = f"--vault={open_vault(backup.vault).location}"
    assert list_backups.main([vault, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["tables"] == [UTF, LATIN]
    assert show_backup.main([vault, "--backup=latest"]) == 0
    assert r"gr\udcf6\udcdfe" in capsys.readouterr().out
