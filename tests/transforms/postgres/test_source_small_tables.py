"""Many small tables: what a backup of them costs at the server and in the vault, by count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipelines.command.backup import claim
from tests.memory_room import by_hand
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import database_of
from transforms.backup_work import BackupWork
from transforms.committed_backup import CommittedBackup
from transforms.postgres.names.selection import Selection
from transforms.postgres.records import inspect
from transforms.postgres.source import PostgresSource
from transforms.progress import ProgressFile
from transforms.source import Wanted
from transforms.vault.vault import open_or_create_vault
from transforms.verify_work import VerifyWork

TABLES = 70
SETUP = "".join(
    f"CREATE TABLE t{n:02d} (id int PRIMARY KEY); INSERT INTO t{n:02d} SELECT generate_series(1, {n});"
    for n in range(TABLES)
)


@pytest.fixture(scope="module")
def database(postgres18: PostgresServer) -> Iterator[str]:
    with module_database(postgres18) as name:
        postgres18.sql(SETUP, name)
        postgres18.sql("SELECT lo_from_bytea(0, 'a large object')", name)
        yield name


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is executed by way of the driver; a COPY and what precedes it in its message go by way of libpq."""
    asked: list[object] = []
    execute: Callable[..., Any] = psycopg.Connection.execute

    def counted(connection: psycopg.Connection[Any], query: object, *rest: object, **words: object) -> object:
        asked.append(query)
        return execute(connection, query, *rest, **words)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    return asked


def test_small_tables_share_transactions_and_objects(
    postgres18: PostgresServer, database: str, tmp_path: Path, queries: list[object]
) -> None:
    source = PostgresSource(database_of(postgres18, database), Selection.parse(), "snapshot")
    vault = open_or_create_vault(str(tmp_path))
    with source.opened() as opened:
        tables = opened.tables()
        intent = claim(vault, opened, tables, "", {})
        work = BackupWork(vault.location, opened, intent.backup, 1 << 20, Wanted(None, 1 << 28), ProgressFile(""))
        queries.clear()
        by_plan = [work.plan(plan) for plan in work.plans(None)]
        portions = [portion for plan in by_plan for portion in plan]
        assert len(queries) <= 10 * len(by_plan), "planning costs nothing for a table"
        queries.clear()
        receipts = [work.backup_portion(portion) for portion in portions]
        assert len(queries) <= 6 * len(portions), "reading costs its COPY alone"
        work.commit(work.conclude(by_hand.index_files(work, receipts)))
    backup = CommittedBackup(vault.location, source.identity().folder, work.backup)
    assert by_hand.check(VerifyWork(backup, ProgressFile(""), inspect), "L3").ok
    rows = {entry.table.name: entry.totals.rows for entry in backup.manifest().tables}
    assert rows == {f"public.t{n:02d}": n for n in range(TABLES)} | {"pg_catalog.pg_largeobject": 1}
    objects = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (len(tables), len(objects) <= 2 * len(tables)) == (TABLES + 1, True)
    assert len(portions) <= len(by_plan) + 2
