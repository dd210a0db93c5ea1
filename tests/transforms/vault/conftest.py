"""A small memory vault, taken once and copied for each test, and what its commands are asked to do."""

import functools
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.command import rooms
from pipelines.command.backup import BackupConfig
from pipelines.command.job.engine import Engine
from pipelines.command.restore import RestoreConfig
from tests.memory_room import attachments, records
from tests.memory_room.database import DATABASES, Database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault, take
from transforms.assigning import Assigning
from transforms.bigtable.restore.selection import assign
from transforms.source import Wanted


@pytest.fixture(scope="session")
def pristine_vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def vault(pristine_vault: MemoryVault, tmp_path: Path) -> MemoryVault:
    root = tmp_path / "vault"
    shutil.copytree(pristine_vault.root, root)
    DATABASES[pristine_vault.database] = Database(two_tables())
    return replace(pristine_vault, root=root)


@pytest.fixture
def other_vault(tmp_path: Path) -> MemoryVault:
    return take(tmp_path / "other")


@pytest.fixture(autouse=True)
def _memory_room(monkeypatch: pytest.MonkeyPatch) -> None:
    line = rooms.Room("Memory", "a memory database", "a memory database", attachments=True)
    monkeypatch.setattr(rooms, "ROOMS", {**rooms.ROOMS, "memory": line})
    monkeypatch.setitem(sys.modules, "transforms.memory.records", records)
    monkeypatch.setitem(sys.modules, "transforms.memory.attachment", attachments)


def backup_config(place: str, database: str, *tables: str) -> BackupConfig:
    """What a backup of a memory database into a vault is asked to do; all tables if none is named."""
    return BackupConfig(
        vault=place,
        source=MemorySource(database, patterns=tables or ("*",)),
        chunk_size=100,
        wanted=Wanted(2, 1 << 20),
        name="nightly",
        plan_only=False,
        json=True,
        engine=Engine.of(["--runner=FnApiRunner"]),
    )


def restore_config(vault: MemoryVault, target: str, *tables: str) -> RestoreConfig:
    """What a restore of a vault's first backup into a memory database is asked to do; all tables if none is named."""
    return RestoreConfig(
        vault=vault.location,
        backup=vault.backup,
        folder=None,
        target=MemoryTarget(target),
        assigning=Assigning(
            functools.partial(assign, tables), MemoryTarget(target).identity(), append=False, into_source=False
        ),
        plan_only=False,
        json=True,
        engine=Engine.of(["--runner=FnApiRunner"]),
    )
