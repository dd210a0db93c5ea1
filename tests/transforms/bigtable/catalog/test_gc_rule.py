"""The forms of garbage collection rules, held against protobuf and the real cbt."""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.bigtable_admin_v2.types import GcRule
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from transforms.bigtable.catalog.gc_rule import (
    INTERSECTION,
    MAX_AGE,
    MAX_NUM_VERSIONS,
    UNION,
    Rule,
    cbt_policy,
    from_proto,
    program,
    simplified,
    to_proto,
)
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.catalog.table_admin import TableAdmin
from transforms.errors import IntegrityError

DAY = 86_400_000_000
LEAVES: st.SearchStrategy[Rule] = st.one_of(
    st.none(),
    st.integers(1, 2**31 - 1).map(lambda count: {"max_num_versions": count}),
    st.integers(1_000, 315_576_000_000 * 1_000_000).map(lambda age: {"max_age_micros": age}),
)
RULES = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        lambda kind, rules: {kind: rules}, st.sampled_from(["intersection", "union"]), st.lists(parts, max_size=3)
    ),
    max_leaves=8,
)


@given(RULES)
def test_a_rule_survives_the_way_through_the_api(rule: Rule) -> None:
    sent = GcRule.deserialize(GcRule.serialize(to_proto(rule)))
    assert from_proto(sent) == rule


def test_an_age_is_cut_to_microseconds() -> None:
    assert from_proto(GcRule(max_age=Duration(seconds=1, nanos=1_999))) == {"max_age_micros": 1_000_001}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (None, "never"),
        ({"max_num_versions": 3}, "maxversions=3"),
        ({"max_age_micros": 7 * DAY}, "maxage=7d"),
        ({"max_age_micros": 25 * DAY // 24}, "maxage=25h"),
        ({"max_age_micros": 90 * 60_000_000}, "maxage=90m"),
        ({"max_age_micros": 61_000_000}, "maxage=61s"),
        ({"max_age_micros": 1_500_000}, "maxage=1500ms"),
        ({"max_age_micros": 1_000_001}, "maxage=1001ms"),
        ({"max_age_micros": 100 * DAY + 1}, "maxage=8640001s"),
        ({"intersection": [{"max_age_micros": DAY}, {"max_num_versions": 2}]}, "maxage=1d and maxversions=2"),
        (
            {"union": [{"max_num_versions": 9}, {"intersection": [{"max_age_micros": DAY}, {"max_num_versions": 2}]}]},
            "maxversions=9 or (maxage=1d and maxversions=2)",
        ),
        ({"union": [None, {"max_num_versions": 2}]}, "maxversions=2"),
        ({"intersection": [None, {"max_num_versions": 2}]}, "never"),
        ({"union": []}, "never"),
    ],
)
def test_a_rule_in_the_words_of_cbt(rule: Rule, text: str) -> None:
    assert cbt_policy(rule) == text


def test_an_age_is_never_shorter_in_the_words_of_cbt() -> None:
    units = {"ms": 1_000, "s": 1_000_000}
    for micros in (1_001, 2**32 * 1_000 - 1, 2**32 * 1_000 + 1):
        number = cbt_policy({"max_age_micros": micros}).removeprefix("maxage=")
        unit = number.lstrip("0123456789")
        assert 0 <= int(number.removesuffix(unit)) * units[unit] - micros < units[unit]


@pytest.mark.skipif(not shutil.which("cbt"), reason="cbt is not installed")
@pytest.mark.parametrize(
    "rule",
    [
        {"union": [{"max_num_versions": 9}, {"intersection": [{"max_age_micros": DAY}, {"max_num_versions": 2}]}]},
        {"max_age_micros": 2**32 * 1_000_000 - 1_000_000},
        None,
    ],
)
def test_cbt_sets_the_rule_that_its_words_say(bigtable_emulator: str, rule: Rule) -> None:
    admin = TableAdmin("p", "i")
    if "gc-words" not in admin.list_table_ids():
        admin.create("gc-words", TableSchema({"f": FamilySchema()}), RestoreMark("backup", "t"))
    command = ["cbt", "-project", "p", "-instance", "i", "setgcpolicy", "gc-words", "f", cbt_policy(rule)]
    subprocess.run(command, check=True, env={**os.environ, "BIGTABLE_EMULATOR_HOST": bigtable_emulator}, timeout=300)
    assert simplified(admin.get_schema("gc-words")[0].families["f"].gc) == rule


@given(RULES)
def test_a_simplified_rule_has_no_part_without_effect(rule: Rule) -> None:
    def check(part: dict[str, Any]) -> None:
        kind, value = next(iter(part.items()))
        if kind in ("intersection", "union"):
            assert len(value) > 1
            for inner in value:
                check(inner)

    plain = simplified(rule)
    assert simplified(plain) == plain
    if plain is not None:
        check(plain)


def test_a_program_is_postfix() -> None:
    rule = {"union": [{"max_num_versions": 9}, {"intersection": [{"max_age_micros": DAY}, {"max_num_versions": 2}]}]}
    assert list(struct.iter_unpack("=qq", program(rule))) == [
        (MAX_NUM_VERSIONS, 9),
        (MAX_AGE, DAY),
        (MAX_NUM_VERSIONS, 2),
        (INTERSECTION, 2),
        (UNION, 2),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"max_num_versions": "2"},
        {"max_age_micros": -1},
        {"max_age_micros": 10**21 + 1},
        {"soon": 1},
        {"union": {}},
        {"union": [{"x": 1}]},
        3,
    ],
)
@pytest.mark.parametrize("form", [to_proto, cbt_policy, program])
def test_an_unknown_form_is_refused(rule: dict[str, Any], form: Callable[[Rule], object]) -> None:
    with pytest.raises(IntegrityError, match="unknown form"):
        form(rule)
