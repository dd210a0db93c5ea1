"""A small memory vault, taken once and copied for each test, and the commands' knowledge of the memory room."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.command import rooms
from tests.memory_room.database import DATABASES, Database
from tests.memory_room.records import inspect
from tests.memory_room.tables import two_tables
from tests.memory_room.vaults import MemoryVault, take


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
def _memory_inspector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "INSPECTORS", {**rooms.INSPECTORS, "memory": inspect})
