"""A vault with backups of a memory database."""

from dataclasses import dataclass
from pathlib import Path

from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from transforms.committed_backup import CommittedBackup
from transforms.identity import Table
from transforms.vault.format.index import IndexEntry, read_index
from transforms.vault.format.manifest import Manifest
from transforms.vault.format.shard import Chunk
from transforms.vault.store.prefixed import PrefixedStore
from transforms.vault.vault import open_vault
from transforms.verify_work import VerifyWork


@dataclass(frozen=True)
class MemoryVault:
    """A vault at `root` with a backup, and another one of the same database with other rows."""

    root: Path
    database: str
    backup: str
    other: str

    @property
    def location(self) -> str:
        """What `--vault` names."""
        return str(self.root)

    @property
    def source(self) -> str:
        """The name of the database's folder."""
        return f"memory+{self.database}"

    @property
    def store(self) -> PrefixedStore:
        """The objects of that folder."""
        return open_vault(self.location).store_of(self.source)

    @property
    def folder(self) -> Path:
        """The folder of the backup."""
        return self.root / self.source / self.backup

    @property
    def committed(self) -> CommittedBackup:
        """The backup."""
        return by_hand.committed(self.location, self.source, self.backup)

    @property
    def work(self) -> VerifyWork:
        """How the backup is verified."""
        return by_hand.verify_work(self.committed)

    @property
    def manifest(self) -> Manifest:
        """The backup's manifest."""
        return self.committed.manifest()

    def objects(self, kind: str, backup: str = "") -> list[str]:
        """The names, below the vault, of all objects of a kind, a pattern of `pathlib`."""
        folder = self.root / self.source / (backup or self.backup)
        return sorted(path.relative_to(self.root).as_posix() for path in folder.glob(kind))

    def write(self, name: str, data: bytes | None) -> None:
        """Change, or remove, an object as no store would."""
        path = self.root / name
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)

    def read(self, name: str) -> bytes:
        """The bytes of an object."""
        return (self.root / name).read_bytes()


def take(root: Path, ranges: int | None = 3) -> MemoryVault:
    """A new vault with two backups of two tables."""
    database = new_database(two_tables())
    backups = []
    for seed in (0, 7):
        DATABASES[database].tables = two_tables(seed)
        work = by_hand.new_work(str(root), MemorySource(database), ranges)
        by_hand.backup(work)
        backups.append(work.backup)
    DATABASES[database].tables = two_tables()
    return MemoryVault(root, database, *backups)


def entries(backup: CommittedBackup, table: str) -> list[IndexEntry]:
    """The index of a table."""
    place = [entry.table.name for entry in backup.manifest().tables].index(table)
    found = (entry for file in backup.manifest().index for entry in read_index(backup.store(), file))
    return [entry for entry in found if entry.place == place]


def chunks(backup: CommittedBackup, table: str) -> list[Chunk]:
    """All chunks of a table."""
    return [chunk for entry in entries(backup, table) for chunk in entry.shard.chunks]


def table_of(backup: CommittedBackup, name: str) -> Table:
    """A table as its backup knows it."""
    return next(entry.table for entry in backup.manifest().tables if entry.table.name == name)
