"""The count of collectable cells, held against a slow model of the rules' definition."""

import struct
import time
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.bigtable.codec.test_mutation_encoder import Cell, Row, records
from transforms.bigtable.catalog.gc_rule import INTERSECTION, MAX_AGE, UNION, Rule, program
from transforms.bigtable.codec.gc_count import count_collectable
from transforms.errors import IntegrityError

NOW = 1_000
LEAVES: st.SearchStrategy[Rule] = st.one_of(
    st.none(),
    st.integers(1, 4).map(lambda count: {"max_num_versions": count}),
    st.integers(0, 20).map(lambda age: {"max_age_micros": age}),
)
RULES = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        lambda kind, rules: {kind: rules}, st.sampled_from(["intersection", "union"]), st.lists(parts, max_size=3)
    ),
    max_leaves=6,
)
COLUMNS = st.dictionaries(
    st.tuples(st.sampled_from(["f", "g", "ff"]), st.sampled_from([b"", b"q", b"qq"])),
    st.sets(st.integers(NOW - 22, NOW + 2), max_size=6),
    max_size=5,
)


def collects(rule: Rule, rank: int, timestamp: int) -> bool:
    """The definition of a rule, word for word; a combination of nothing collects nothing."""
    if not rule:
        return False
    kind, value = next(iter(rule.items()))
    if kind == "max_num_versions":
        return rank >= int(value)
    if kind == "max_age_micros":
        return timestamp < NOW - int(value)
    verdicts = [collects(part, rank, timestamp) for part in value]
    return any(verdicts) if kind == "union" else bool(verdicts) and all(verdicts)


def cells_of(columns: dict[tuple[str, bytes], set[int]]) -> list[Cell]:
    return [
        (family, qualifier, timestamp, b"v")
        for (family, qualifier), timestamps in sorted(columns.items())
        for timestamp in sorted(timestamps, reverse=True)
    ]


def model(rows: list[Row], rules: dict[str, Rule]) -> int:
    return sum(
        collects(rules.get(family), rank, cell[2])
        for _, cells in rows
        for (family, _), column in groupby(cells, key=lambda cell: cell[:2])
        for rank, cell in enumerate(column)
    )


def count(data: bytes, rules: dict[str, Rule], now: int = NOW) -> int:
    return count_collectable(data, {family: program(rule) for family, rule in rules.items()}, now)


@given(st.lists(COLUMNS, max_size=4), st.dictionaries(st.sampled_from(["f", "g", "ff"]), RULES), st.data())
def test_the_count_is_that_of_the_definition(
    tables: list[dict[tuple[str, bytes], set[int]]], rules: dict[str, Rule], data: st.DataObject
) -> None:
    rows = [(b"k%d" % place, cells_of(columns)) for place, columns in enumerate(tables)]
    pieces = []
    for key, cells in rows:
        cut = data.draw(st.integers(0, len(cells)))
        pieces += [(key, cells[:cut]), (key, cells[cut:])]
    assert count(records(*pieces), rules) == model(rows, rules)


@pytest.mark.parametrize(("timestamp", "collected"), [(NOW - 11, 1), (NOW - 10, 0), (NOW + 5, 0), (0, 1)])
def test_a_cell_is_past_an_age_only_if_it_is_older(timestamp: int, collected: int) -> None:
    data = records((b"k", [("f", b"q", timestamp, b"")]))
    assert count(data, {"f": {"max_age_micros": 10}}) == collected


def test_an_age_before_the_first_second_collects_nothing() -> None:
    data = records((b"k", [("f", b"q", 0, b"")]))
    assert count(data, {"f": {"max_age_micros": 315_576_000_000_000_000}}, time.time_ns() // 1000) == 0


def test_versions_are_counted_anew_for_each_row() -> None:
    row = [("f", b"q", 2, b""), ("f", b"q", 1, b"")]
    assert count(records((b"a", row), (b"b", row)), {"f": {"max_num_versions": 1}}) == 2


def test_cells_of_families_without_a_rule_stay() -> None:
    data = records((b"k", [("f", b"q", 1, b""), ("g", b"q", 1, b"")]))
    assert count(data, {}) == 0
    assert count(data, {"f": None}) == 0
    assert count(data, {"f": {"max_age_micros": 1}}) == 1


def test_malformed_records_are_refused() -> None:
    with pytest.raises(IntegrityError, match="malformed before byte 3"):
        count_collectable(b"\x02k\x02", {"f": program({"max_num_versions": 1})}, NOW)


@pytest.mark.parametrize(
    "steps",
    [
        [(9, 1)],
        [(MAX_AGE, -1)],
        [(UNION, 1)],
        [(UNION, 0)],
        [(INTERSECTION, 0)],
        [(MAX_AGE, 1), (MAX_AGE, 1)],
        [(MAX_AGE, 1)] * 257 + [(UNION, 257)],
    ],
)
def test_a_malformed_program_is_an_error(steps: list[tuple[int, int]]) -> None:
    code = b"".join(struct.pack("=qq", *step) for step in steps)
    with pytest.raises(ValueError, match="a garbage collection program"):
        count_collectable(b"", {"f": code}, NOW)
    with pytest.raises(ValueError, match="malformed"):
        count_collectable(b"", {"f": b"odd"}, NOW)


def test_the_widest_program_runs() -> None:
    data = records((b"k", [("f", b"q", NOW, b"")]))
    assert count(data, {"f": {"union": [{"max_num_versions": 5}] * 255 + [{"max_age_micros": 0}]}}, NOW + 1) == 1
