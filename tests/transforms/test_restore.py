"""The memory room through the graph of a restore, on an engine."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from pipelines.command.job.engine import Engine, open_pipeline
from pipelines.command.job.run import run_job
from pipelines.command.print.result import ResultFile
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault, take
from transforms.errors import UnreachableError
from transforms.restore import Restore
from transforms.restore_work import RestoreWork
from transforms.restored import restored_json
from transforms.skipped import Skipped

RESTORED = [
    {"table": ORDERS, "destination": ORDERS, "rows": 30, "expired": 0, "notes": []},
    {
        "table": PEOPLE,
        "destination": PEOPLE,
        "rows": 24,
        "expired": 0,
        "notes": [f"table {PEOPLE}: rows without a key stand apart."],
    },
]

ROLE = Skipped("role r", "it is not there")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


def ended(work: RestoreWork, folder: Path) -> dict[str, Any]:
    """What the graph hands back."""
    result = ResultFile(str(folder / "result"))
    pipeline = open_pipeline(Engine.of(["--runner=FnApiRunner"]))
    pipeline | Restore(work) | beam.Map(restored_json) | "Hand back" >> beam.Map(result.write)
    run_job(pipeline)
    return result.read()


def run(work: RestoreWork, folder: Path) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = ended(work, folder)["tables"]
    return tables


def test_every_row_of_every_table_comes_back(vault: MemoryVault, tmp_path: Path) -> None:
    target = new_database()
    assert run(by_hand.restore_work(vault.committed, MemoryTarget(target)), tmp_path) == RESTORED
    assert DATABASES[target].content == DATABASES[vault.database].content
    assert all(table.finished for table in DATABASES[target].tables.values())


def test_a_restored_table_backs_up_to_the_same_digest(vault: MemoryVault, tmp_path: Path) -> None:
    target = new_database()
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    work = by_hand.new_work(str(tmp_path), MemorySource(target), ranges=5)
    by_hand.backup(work)
    again = by_hand.committed(str(tmp_path), f"memory+{target}", work.backup).manifest()
    assert [entry.totals.digest for entry in again.tables] == [entry.totals.digest for entry in vault.manifest.tables]


@pytest.mark.parametrize("ranges", [1, 2, 97])
def test_a_table_comes_back_the_same_from_any_number_of_ranges(ranges: int, tmp_path: Path) -> None:
    vault, target = take(tmp_path, ranges), new_database()
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    assert DATABASES[target].content == DATABASES[vault.database].content


def test_an_empty_table_comes_back(tmp_path: Path) -> None:
    source, target = new_database({"empty": MemoryTable()}), new_database()
    work = by_hand.new_work(str(tmp_path), MemorySource(source))
    by_hand.backup(work)
    backup = by_hand.committed(str(tmp_path), f"memory+{source}", work.backup)
    [table] = run(by_hand.restore_work(backup, MemoryTarget(target)), tmp_path)
    assert (table["rows"], DATABASES[target].content) == (0, {"empty": ({}, set())})


def test_a_job_that_runs_twice_restores_the_same_once(vault: MemoryVault, tmp_path: Path) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target))
    assert [run(work, tmp_path), run(work, tmp_path)] == [RESTORED, RESTORED]
    assert DATABASES[target].content == DATABASES[vault.database].content


def test_every_phase_that_runs_twice_restores_the_same_once(vault: MemoryVault) -> None:
    target = new_database()
    restored = by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)), times=2)
    assert [(table.table, table.rows) for table in restored] == [(ORDERS, 30), (PEOPLE, 24)]
    assert DATABASES[target].content == DATABASES[vault.database].content
    calls = DATABASES[target].calls
    assert [calls[name] for name in ("begin", "prepare", "finish", "end")] == [2, 4, 4, 2]


def test_the_target_begins_before_its_tables_and_ends_behind_them(vault: MemoryVault, tmp_path: Path) -> None:
    target = new_database()
    result = ended(by_hand.restore_work(vault.committed, MemoryTarget(target, (ROLE,))), tmp_path)
    assert result == {
        "tables": RESTORED,
        "notes": [ORDERS, PEOPLE],
        "skipped": [asdict(ROLE)],
        "others": {"damaged": [], "unknown": None, "verify": ""},
    }
    calls = list(DATABASES[target].calls)  # in the order of the first of each
    assert [calls[0], calls[1], calls[-1]] == ["check", "begin", "end"]


def test_an_error_of_the_target_is_the_error_of_the_job(vault: MemoryVault, tmp_path: Path) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target))
    key = max(DATABASES[vault.database].tables[ORDERS].keyed)
    DATABASES[target].faults["write", key] = UnreachableError("the server is gone")
    with pytest.raises(UnreachableError, match=r"^the server is gone$"):
        run(work, tmp_path)
    assert not DATABASES[target].tables[ORDERS].finished
    assert (DATABASES[target].calls["begin"], DATABASES[target].calls["end"]) == (1, 0)
    DATABASES[target].faults.clear()
    by_hand.restore(work)
    assert DATABASES[target].content == DATABASES[vault.database].content
