"""Portions: neighbouring planned ranges that a worker reads in one session, with one receipt."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.groups import groups_of
from transforms.key_range import KeyRange

TABLES_PER_PLAN = 64
"""Most tables that are planned together."""

LEAST_PLANS = 4
"""Fewest plans of a backup that has as many tables: a few large tables should be planned side by side."""

RANGES_PER_PORTION = 64
"""Most ranges of a portion."""

PORTION_SIZE = 16 << 20
"""Most bytes on the source's disks of a portion of several ranges, as far as the source can tell. Reading
them takes about as long as the requests for 64 tables; with more, a medium database would have too few portions."""

RANGES_PER_FILE = 64
"""Most ranges in one index file: about 16,000 chunks of full-size shards."""


@dataclass(frozen=True, slots=True)
class PlannedRange:
    """A range of a table, numbered from 0 in the plan's order; `place` is the table's place in the intent."""

    place: int
    number: int
    range: KeyRange


@dataclass(frozen=True, slots=True)
class Portion:
    """Neighbouring planned ranges that are read together.

    Attributes:
        plan: Number of the plan that it is of.
        number: Its number in the plan, from 0.
        file: Number of the index file for its shards, among those of the plan.
        ranges: The ranges, in the plan's order.
    """

    plan: int
    number: int
    file: int
    ranges: tuple[PlannedRange, ...]


def tables_of_plan(plan: int, tables: int) -> range:
    """The places of the tables of a plan, in a backup of `tables` tables."""
    size = _plan_size(tables)
    return range(plan * size, min(tables, (plan + 1) * size))


def plans_of(tables: int) -> range:
    """The numbers of the plans of a backup of `tables` tables."""
    return range(-(-tables // _plan_size(tables)))


def _plan_size(tables: int) -> int:
    return min(TABLES_PER_PLAN, max(1, tables // LEAST_PLANS))


def portions_of(plan: int, ranges: Iterable[tuple[PlannedRange, int | None]]) -> list[Portion]:
    """The portions of a plan.

    Args:
        plan: Its number.
        ranges: The ranges in the plan's order, each with its bytes on the source's disks; None, if they are not known,
            gives the range its own portion.
    """
    groups = groups_of(ranges, _weigh, PORTION_SIZE, RANGES_PER_PORTION)
    files = groups_of(enumerate(groups), lambda item: len(item[1]), RANGES_PER_FILE, RANGES_PER_FILE)
    return [
        Portion(plan, number, file, tuple(planned for planned, _ in group))
        for file, portions in enumerate(files)
        for number, group in portions
    ]


def _weigh(item: tuple[PlannedRange, int | None]) -> int:
    return PORTION_SIZE + 1 if item[1] is None else item[1]
