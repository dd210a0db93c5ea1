from dataclasses import replace

import pytest

from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.catalog.schema_change import united
from transforms.errors import RefusedError

BEGUN = TableSchema(families={"b": FamilySchema(), "d": FamilySchema(gc={"max_num_versions": 1})})


def test_added_families_are_united_with_those_of_the_beginning() -> None:
    other_rule = FamilySchema(gc={"max_num_versions": 9})
    ended = replace(BEGUN, families={**BEGUN.families, "a": FamilySchema(), "d": other_rule})
    whole = united("t", BEGUN, ended)
    assert list(whole.families) == ["a", "b", "d"]
    assert whole.families["d"] == BEGUN.families["d"]
    assert united("t", BEGUN, BEGUN) == BEGUN


def test_every_loss_is_named() -> None:
    ended = replace(BEGUN, families={"d": BEGUN.families["d"]}, granularity="MICROS")
    with pytest.raises(RefusedError, match=r"table t .*family b is gone; timestamps were kept in MILLIS and"):
        united("t", replace(BEGUN, granularity="MILLIS"), ended)
