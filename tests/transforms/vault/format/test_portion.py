"""How planned ranges are dealt to portions and index files: what is small together, what is large alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.key_range import KeyRange
from transforms.vault.format.portion import (
    LEAST_PLANS,
    PORTION_SIZE,
    RANGES_PER_FILE,
    RANGES_PER_PORTION,
    TABLES_PER_PLAN,
    PlannedRange,
    Portion,
    plans_of,
    portions_of,
    tables_of_plan,
)

SIZES = st.lists(st.one_of(st.none(), st.integers(0, 1 << 20), st.integers(0, 1 << 30)), max_size=300)


def planned(sizes: list[int | None]) -> list[tuple[PlannedRange, int | None]]:
    """A range of a table for each size."""
    return [(PlannedRange(table, 0, KeyRange()), size) for table, size in enumerate(sizes)]


def lengths(portions: list[Portion]) -> list[int]:
    return [len(portion.ranges) for portion in portions]


@given(st.integers(0, 5000))
def test_every_table_is_in_one_plan(tables: int) -> None:
    plans = [tables_of_plan(plan, tables) for plan in plans_of(tables)]
    assert [table for plan in plans for table in plan] == list(range(tables))
    assert all(0 < len(plan) <= TABLES_PER_PLAN for plan in plans)
    assert len(plans) >= min(tables, LEAST_PLANS)


@pytest.mark.parametrize(("tables", "plans"), [(0, 0), (1, 1), (3, 3), (8, 4), (256, 4), (10_000, 157)])
def test_few_tables_are_planned_side_by_side_and_many_together(tables: int, plans: int) -> None:
    assert len(plans_of(tables)) == plans


@given(SIZES)
def test_portions_hold_every_range_once_and_in_order(sizes: list[int | None]) -> None:
    portions = portions_of(3, planned(sizes))
    assert [item for portion in portions for item in portion.ranges] == [item for item, _ in planned(sizes)]
    assert [portion.number for portion in portions] == list(range(len(portions)))
    assert {portion.plan for portion in portions} <= {3}


@given(SIZES)
def test_a_large_range_is_alone_and_so_is_one_of_unknown_size(sizes: list[int | None]) -> None:
    for portion in portions_of(0, planned(sizes)):
        of_portion = [sizes[item.place] for item in portion.ranges]
        if len(of_portion) > 1:
            assert None not in of_portion
            assert sum(size or 0 for size in of_portion) <= PORTION_SIZE
        assert len(of_portion) <= RANGES_PER_PORTION


@given(SIZES)
def test_the_ranges_of_an_index_file_are_those_of_neighbouring_portions(sizes: list[int | None]) -> None:
    portions = portions_of(0, planned(sizes))
    assert all(after.file - before.file in (0, 1) for before, after in pairwise(portions))
    for file in {portion.file for portion in portions}:
        assert sum(lengths([portion for portion in portions if portion.file == file])) <= RANGES_PER_FILE


def test_small_tables_cost_little_beside_their_shards() -> None:
    assert lengths(portions_of(0, planned([8192] * 64))) == [64]
    assert lengths(portions_of(0, planned([None] * 3))) == [1, 1, 1]
    assert lengths(portions_of(0, planned([8192, 1 << 30, 8192, 8192]))) == [1, 1, 2]
    [portion] = portions_of(0, planned([8192] * 64))
    assert portion.file == 0
