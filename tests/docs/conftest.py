"""Small real backups of Bigtable and of PostgreSQL, each room's in a vault of its own."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.bigtable_backup import build
from pipelines.command.backup import BackupConfig, run_backup
from pipelines.command.job.engine import Engine
from tests.docs.small_database import running_database
from tests.docs.small_source import SmallSource
from tests.pipelines.postgres_runs import backup as backup_postgres
from tests.servers.postgres_server import PostgresServer
from transforms.errors import ShardkeepError
from transforms.source import Wanted
from transforms.vault.catalogue import COMMITTED, list_backups
from transforms.vault.vault import open_vault

PART = [
    "--schema=public",
    "--table=shop.*",
    "--exclude_table=shop.parts",
    "--where=shop.orders:id > 5",
    "--order=physical",
]
"""What shows every option of a backup."""


@dataclass(frozen=True)
class SmallVault:
    root: Path
    committed: Path

    def objects(self) -> list[str]:
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()


@pytest.fixture(scope="session")
def small_vault(tmp_path_factory: pytest.TempPathFactory) -> SmallVault:
    """Made by the very code that makes backups; the committed backup has an orphan shard too."""
    root = tmp_path_factory.mktemp("vault")
    take(root, SmallSource(names=("empty", "orders.2024", "wide")))
    with pytest.raises(ShardkeepError):
        take(root, SmallSource(broken=True, names=("wide",)))
    [backup] = [item for item in list_backups(open_vault(str(root))) if item.state == COMMITTED]
    committed = root / backup.folder / backup.backup
    shard = min((committed / "data" / "orders.2024").glob("*.avro"))
    shutil.copy(shard, shard.with_name(f"000000-{'f' * 16}.avro"))
    return SmallVault(root, committed)


@dataclass(frozen=True)
class SmallPostgresVault(SmallVault):
    """A vault with a backup of a whole database, and one of a part of it; and the database, which still stands."""

    selected: Path
    server: PostgresServer
    database: str


@pytest.fixture(scope="module")
def postgres_vault(
    postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallPostgresVault]:
    root = tmp_path_factory.mktemp("postgres") / "v"
    with running_database(postgres18) as name:
        for options in ([], PART):
            ended = backup_postgres(root, postgres18.url(name), "--chunk_size=1KiB", "--ranges=3", *options)
            assert ended.code == 0, ended.err
        whole, part = sorted(root.glob("*/*/MANIFEST.json"), key=lambda path: path.stat().st_mtime_ns)
        yield SmallPostgresVault(root, whole.parent, part.parent, postgres18, name)


def take(root: Path, source: SmallSource) -> None:
    values: dict[str, Any] = {"chunk_size": 64, "wanted": Wanted(None, 1 << 20), "name": "größe"}
    values |= {"plan_only": False, "json": True, "engine": Engine.of(["--runner=FnApiRunner"])}
    config = BackupConfig(vault=str(root), source=source, **values)
    assert run_backup(config, build) == 0
