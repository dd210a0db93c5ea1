"""Assignments: the judged assignments of a restore, whatever their number, in a value of one size."""

import pickle
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory_room import by_hand
from tests.memory_room.database import MemoryTable, new_database
from tests.memory_room.source import MemorySource
from transforms.assignments import Assignments
from transforms.identity import Table
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

TABLES = 12


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    vault = str(tmp_path_factory.mktemp("vault"))
    work = by_hand.new_work(
        vault, MemorySource(new_database({f"t{number}": MemoryTable() for number in range(TABLES)}))
    )
    by_hand.backup(work)
    return by_hand.committed(vault, work.source.identity().folder, work.backup).manifest()


@given(created=st.sets(st.integers(0, TABLES - 1)))
def test_workers_derive_what_main_has_judged(manifest: Manifest, created: set[int]) -> None:
    chosen = by_hand.all_tables(manifest)
    judged = {place: replace(item, create=place in created) for place, item in chosen.items()}
    assert Assignments.judged(by_hand.all_tables, judged).of(manifest) == judged


def created(places: Iterable[int]) -> dict[int, Assignment]:
    return {place: Assignment(Table((f"t{place}",), {}, ""), f"t{place}", create=True) for place in places}


def test_a_thousand_created_tables_take_no_more_room_than_one() -> None:
    one, thousand = (pickle.dumps(Assignments.judged(by_hand.all_tables, created(range(n)))) for n in (1, 1000))
    assert len(thousand) - len(one) <= 2
