"""What a listing shows of the tables that a restore was not asked for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faulty_store import Fault, FaultyStore
from tests.memory_room.tables import ORDERS, PEOPLE
from tests.memory_room.vaults import MemoryVault, take
from transforms.other_tables import OtherTables, look_at

BOTH = (0, 1)
SHARD, INDEX = "data/orders/*.avro", "index/000000-*.avro"
CHANGES: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "a byte shorter": lambda path: os.truncate(path, path.stat().st_size - 1),
    "a byte longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.fixture
def vault(tmp_path: Path) -> MemoryVault:
    return take(tmp_path / "vault")


def looked_at(vault: MemoryVault, *places: int, fault: Fault | None = None) -> OtherTables:
    store = FaultyStore(vault.committed.store(), fault or Fault())
    return look_at(store, vault.committed.manifest(), places, "verify it")


def of(vault: MemoryVault, pattern: str) -> Path:
    return vault.root / vault.objects(pattern)[0]


def test_a_whole_backup_is_found_whole_by_two_listings_and_no_content(vault: MemoryVault) -> None:
    fault = Fault()
    found = looked_at(vault, *BOTH, fault=fault)
    assert (found.damaged, found.unknown, list(found.warnings())) == ((), None, [])
    assert fault.calls == [f"sizes {vault.backup}/{folder}/" for folder in ("index", "data")]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("pattern", [SHARD, INDEX])
def test_an_object_that_is_missing_or_of_another_size_is_damage_of_its_table(
    vault: MemoryVault, pattern: str, change: str
) -> None:
    CHANGES[change](of(vault, pattern))
    assert looked_at(vault, *BOTH).damaged == (ORDERS,)


def test_tables_that_are_not_looked_at_are_not_named_and_need_no_listing(vault: MemoryVault) -> None:
    of(vault, SHARD).unlink()
    fault = Fault()
    assert looked_at(vault, 1).damaged == ()
    assert looked_at(vault, fault=fault).damaged == ()
    assert fault.calls == []


@pytest.mark.parametrize("size", [0, 1 << 20])
def test_what_an_earlier_try_at_a_range_left_is_no_damage(vault: MemoryVault, size: int) -> None:
    shard = of(vault, SHARD)
    shard.with_name(f"{shard.name.partition('-')[0]}-{'0' * 16}.avro").write_bytes(bytes(size))
    assert looked_at(vault, *BOTH).damaged == ()


def test_a_range_is_missed_though_another_one_was_tried_twice(vault: MemoryVault) -> None:
    first, second = (vault.root / name for name in vault.objects(SHARD)[:2])
    second.rename(first.with_name(f"{first.name.partition('-')[0]}-{'0' * 16}.avro"))
    assert looked_at(vault, *BOTH).damaged == (ORDERS,)


@pytest.mark.parametrize("call", [1, 2])
def test_a_listing_that_fails_is_told(vault: MemoryVault, call: int) -> None:
    found = looked_at(vault, *BOTH, fault=Fault(number=call))
    assert found.damaged == ()
    [warning] = found.warnings()
    assert warning.startswith("whether tables that were not chosen are damaged is not known: call ")
    assert warning.endswith(" `verify it` looks closer.")


def test_of_many_tables_a_few_are_named(vault: MemoryVault) -> None:
    for pattern in (SHARD, "data/people/*.avro"):
        of(vault, pattern).unlink()
    found = looked_at(vault, *BOTH)
    assert found.damaged == (ORDERS, PEOPLE)
    [warning] = OtherTables(tuple(f"t{number}" for number in range(1007)), verify="v").warnings()
    assert "(no content was read): t0, t1, t2, t3, t4 and 1,002 more. `v` looks closer." in warning
