"""Damage of one table keeps no other one from being restored, and an error says which tables are damaged."""

import json

import pytest

from pipelines.bigtable_restore import build
from pipelines.command.exit_codes import run_command
from pipelines.command.restore import run_restore
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, new_database
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault
from tests.transforms.vault.conftest import restore_config
from transforms.errors import IntegrityError
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

# Two tables are in two plans.
OF_ONE_TABLE = {
    ("shard", ORDERS): "data/orders/*.avro",
    ("shard", PEOPLE): "data/people/*.avro",
    ("receipt", ORDERS): "receipts/000000-*.avro",
    ("index", ORDERS): "index/000000-*.avro",
}
KINDS = ("shard", "receipt", "index")


OTHERS = "tables that were not chosen are damaged, as the names and sizes of their objects show"


def verify(vault: MemoryVault) -> str:
    return f"shardkeep verify --vault={vault.location} --source={vault.source} --backup={vault.backup} --level=L1"


def only_people(manifest: Manifest) -> dict[int, Assignment]:
    return {1: Assignment(manifest.tables[1].table, PEOPLE)}


def lose(vault: MemoryVault, kind: str, table: str) -> str:
    """Remove the first object of a kind; its name below the source's folder."""
    name = vault.objects(OF_ONE_TABLE[kind, table])[0]
    vault.write(name, None)
    return name.partition("/")[2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_restored_where_an_object_of_another_one_is_missing(vault: MemoryVault, kind: str) -> None:
    lose(vault, kind, ORDERS)
    target = new_database()
    by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target), only_people))
    assert DATABASES[target].content == {PEOPLE: DATABASES[vault.database].tables[PEOPLE].content}


@pytest.mark.parametrize("kind", ["shard", "index"])
def test_a_whole_restore_names_the_damaged_table_and_how_to_leave_it_out(vault: MemoryVault, kind: str) -> None:
    name, target = lose(vault, kind, ORDERS), new_database()
    way_out = f"Damaged tables: {ORDERS}. Leave them out with --exclude_table, or name others with --table."
    with pytest.raises(IntegrityError, match=f"nothing was written:\n{name} is missing.\n{way_out}$"):
        by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(target)))
    assert DATABASES[target].tables == {}


def test_what_belongs_to_all_tables_is_of_none(vault: MemoryVault) -> None:
    [intent] = vault.objects("INTENT.json")
    vault.write(intent, None)
    lose(vault, "shard", PEOPLE)
    with pytest.raises(IntegrityError, match=rf"INTENT\.json is missing\.\n.*\nDamaged tables: {PEOPLE}\. "):
        by_hand.restore(by_hand.restore_work(vault.committed, MemoryTarget(new_database())))


def test_the_command_restores_the_table_that_is_whole_and_no_other(
    vault: MemoryVault, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(vault, "shard", ORDERS)
    target = new_database()
    assert run_command(lambda _: run_restore(restore_config(vault, target, PEOPLE), build), []) == 0
    assert DATABASES[target].content == {PEOPLE: DATABASES[vault.database].tables[PEOPLE].content}
    told = capsys.readouterr()
    assert json.loads(told.out)["others"] == {"damaged": [ORDERS], "unknown": None, "verify": verify(vault)}
    assert told.err.endswith(f"\nwarning: {OTHERS} (no content was read): {ORDERS}. `{verify(vault)}` looks closer.\n")
    assert run_command(lambda _: run_restore(restore_config(vault, new_database(), ORDERS), build), []) == 5
    assert f"Damaged tables: {ORDERS}." in capsys.readouterr().err
