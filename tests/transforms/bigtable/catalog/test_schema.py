"""The plain form of a table's schema, held against the API's own messages."""

import json
from typing import Any

import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, GcRule, Table, Type
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.bigtable.catalog.test_gc_rule import RULES
from transforms.bigtable.catalog.gc_rule import to_proto
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema, aggregate_families, families_mismatch
from transforms.errors import IntegrityError

DAY = 86_400_000_000


def message(text: dict[str, Any]) -> Table:
    """A table from the API's JSON form."""
    table = Table()
    json_format.ParseDict(text, Table.pb(table))
    return table


def aggregate(kind: str, **more: object) -> dict[str, Any]:
    return {"aggregateType": {"inputType": {"int64Type": {}}, kind: {}, **more}}


TYPES: dict[str, dict[str, Any]] = {
    "aggregate:int64:sum": aggregate("sum"),
    "aggregate:int64:min": aggregate("min"),
    "aggregate:int64:max": aggregate("max"),
    "aggregate:int64:hllpp_unique_count": aggregate("hllppUniqueCount"),
    "string": {"stringType": {"encoding": {"utf8Bytes": {}}}},
}

FULL = message(
    {
        "name": "projects/p/instances/i/tables/t",
        "columnFamilies": {
            "z": {"gcRule": {"maxNumVersions": 2}},
            "a": {"valueType": TYPES["aggregate:int64:sum"], "gcRule": {"maxAge": "86400s"}},
            "m": {},
        },
        "granularity": "MICROS",
        "deletionProtection": True,
        "automatedBackupPolicy": {
            "retentionPeriod": "259200s",
            "frequency": "86400s",
            "locations": ["projects/p/locations/europe-west1-b"],
            "keepHotDuration": "86400s",
        },
        "changeStreamConfig": {"retentionPeriod": "86400s"},
        "rowKeySchema": {"fields": [{"fieldName": "id", "type": {"bytesType": {}}}], "encoding": {"singleton": {}}},
        "tieredStorageConfig": {"infrequentAccess": {"includeIfOlderThan": "2592000s"}},
    }
)


def test_every_part_of_the_schema_is_kept() -> None:
    schema = TableSchema.from_proto(FULL)
    assert list(schema.families) == ["a", "m", "z"]
    assert {name: family.gc for name, family in schema.families.items()} == {
        "a": {"max_age_micros": DAY},
        "m": None,
        "z": {"max_num_versions": 2},
    }
    assert (schema.granularity, schema.deletion_protection) == ("MICROS", True)
    assert schema.automated_backup_policy == {
        "retention_period_micros": 3 * DAY,
        "frequency_micros": DAY,
        "keep_hot_micros": DAY,
        "locations": ["projects/p/locations/europe-west1-b"],
    }
    assert schema.change_stream == {"retention_period_micros": DAY}
    assert schema.tiered_storage is not None


def test_an_empty_table_has_the_defaults() -> None:
    assert TableSchema.from_proto(Table()) == TableSchema()


def test_an_explicitly_disabled_backup_policy_is_kept() -> None:
    schema = TableSchema.from_proto(message({"automatedBackupPolicy": {"disabled": True}}))
    policy = schema.backup_policy()
    assert policy == Table.AutomatedBackupPolicy(disabled=True)


def test_a_backup_policy_for_another_instance_names_no_zones() -> None:
    expected = message({"automatedBackupPolicy": {"retentionPeriod": "259200s", "frequency": "86400s"}})
    expected.automated_backup_policy.keep_hot_duration = Duration(seconds=86_400)
    assert TableSchema.from_proto(FULL).backup_policy() == expected.automated_backup_policy


@given(st.dictionaries(st.sampled_from("abc"), st.tuples(RULES, st.sampled_from([*TYPES, None])), max_size=3))
def test_a_schema_survives_json(families: dict[str, tuple[Any, str | None]]) -> None:
    table = Table(FULL)
    for name, (rule, kind) in families.items():
        family = ColumnFamily(gc_rule=to_proto(rule))
        if kind is not None:
            json_format.ParseDict(TYPES[kind], Type.pb(family.value_type))
        table.column_families[name] = family
    schema = TableSchema.from_proto(table)
    text = json.dumps(schema.to_json())
    assert TableSchema.from_json(json.loads(text)) == schema
    assert json.dumps(TableSchema.from_proto(Table(table)).to_json()) == text


@pytest.mark.parametrize("values", [{}, {"families": {"f": {}}}, {"families": {}, "color": 1}, {"families": []}])
def test_an_unknown_json_form_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="not in the known form"):
        TableSchema.from_json(values)


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_type_has_a_readable_word(kind: str) -> None:
    schema = TableSchema.from_proto(message({"columnFamilies": {"f": {"valueType": TYPES[kind]}, "raw": {}}}))
    assert schema.to_json()["families"]["f"]["kind"] == kind
    assert schema.families["raw"].kind == "bytes"
    assert aggregate_families(schema) == (["f"] if kind.startswith("aggregate") else [])


def test_a_table_is_created_as_it_was_but_with_garbage_collection_off() -> None:
    created = TableSchema.from_proto(FULL).for_creation()
    expected = Table(FULL)
    for field in ("name", "deletion_protection", "automated_backup_policy", "change_stream_config"):
        Table.pb(expected).ClearField(field)
    Table.pb(expected).ClearField("tiered_storage_config")
    for family in expected.column_families.values():
        ColumnFamily.pb(family).ClearField("gc_rule")
    assert created == expected


def test_the_service_may_add_the_state_type_of_an_aggregate() -> None:
    stated = message({"columnFamilies": {"f": {"valueType": aggregate("sum", stateType={"int64Type": {}})}}})
    plain = message({"columnFamilies": {"f": {"valueType": aggregate("sum")}}})
    assert families_mismatch(TableSchema.from_proto(stated), TableSchema.from_proto(plain)) == []
    assert TableSchema.from_proto(stated).for_creation().column_families == plain.column_families


def test_what_keeps_cells_out_of_an_existing_table_is_listed() -> None:
    saved = TableSchema.from_proto(FULL)
    existing = TableSchema({"z": FamilySchema(), "a": FamilySchema(), "other": FamilySchema()})
    assert families_mismatch(saved, existing) == [
        "family a holds bytes, the backup aggregate:int64:sum",
        "family m does not exist",
        "timestamps are kept in MILLIS, the backup has MICROS",
    ]


def test_other_rules_more_families_and_finer_timestamps_do_not_matter() -> None:
    saved = TableSchema({"f": FamilySchema({"max_num_versions": 1})}, "MILLIS")
    existing = TableSchema({"f": FamilySchema(), "g": FamilySchema()}, "MICROS")
    assert families_mismatch(saved, existing) == []


def test_a_rule_without_content_is_no_rule() -> None:
    table = Table(column_families={"f": ColumnFamily(gc_rule=GcRule.deserialize(b""))})
    assert TableSchema.from_proto(table).families["f"].gc is None
