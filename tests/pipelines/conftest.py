"""What tests of PostgreSQL's commands share."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipelines.postgres_gate import observed
from tests.pipelines.postgres_scene import TABLES, Scene
from tests.servers.postgres_server import PostgresServer
from transforms.postgres.archive import dump as archive
from transforms.postgres.moment import kinds as moments
from transforms.postgres.moment import moment, snapshot


@pytest.fixture
def scene(postgres18: PostgresServer, new_database: Callable[..., str], tmp_path: Path) -> Iterator[Scene]:
    """A database in which others are at work."""
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    with observed(postgres18, name) as observer:
        yield Scene(postgres18, name, tmp_path / "v", observer)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for a fraction of a second only."""
    monkeypatch.setattr(moments, "hold", functools.partial(snapshot.hold, lock_seconds=0.2))
    monkeypatch.setattr(archive, "dump_schema", functools.partial(archive.dump_schema, lock_seconds=0.2))
    monkeypatch.setattr(moment, "LOCK_SECONDS", 0.2)
