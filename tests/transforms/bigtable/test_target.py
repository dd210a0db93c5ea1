"""An instance as a target, on the emulator: judged once, written idempotently, finished last; all of it twice."""

import pickle
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, GcRule

from tests.servers.scripted_bigtable import Abort, Forward, Meet, script, scripted_bigtable
from tests.tables import PROJECT, Content, Tables, new_instance
from tests.transforms.bigtable.catalog.test_schema import TYPES, message
from tests.transforms.bigtable.read_rows_stream import Cell, Row, record
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.records import AVRO_SCHEMA
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.target import BigtableTarget
from transforms.errors import ExistsError, RefusedError, UnreachableError
from transforms.identity import Table
from transforms.source import Assignment, Ending, Load
from transforms.vault.format.attachments import Attachments
from transforms.vault.store.local import LocalStore

DAY = 86_400_000_000
NOW = 1_700_000_000_000_000
# The emulator collects now and then: rules that are set here in earnest keep every cell of RECORDS.
RULES = {"aged": {"max_age_micros": 36_500 * DAY}, "few": {"max_num_versions": 4}, "plain": None}
SCHEMA = TableSchema({name: FamilySchema(rule) for name, rule in RULES.items()}, deletion_protection=True)
HARSH = TableSchema({"aged": FamilySchema({"max_age_micros": DAY}), "few": FamilySchema({"max_num_versions": 2})})
RECORDS = b"".join(
    [
        record(Row(b"a", [Cell("aged", b"", NOW - 2 * DAY, b"old"), Cell("plain", b"", 0, b"")])),
        record(Row(b"b", [Cell("few", b"q", stamp, b"v") for stamp in (5000, 4000, 3000, 2000)])),
        record(Row(b"c", [Cell("aged", b"", NOW, b"young")])),
    ]
)
EXPECTED = {
    b"a": [("aged", b"", NOW - 2 * DAY, b"old"), ("plain", b"", 0, b"")],
    b"b": [("few", b"q", stamp, b"v") for stamp in (5000, 4000, 3000, 2000)],
    b"c": [("aged", b"", NOW, b"young")],
}

BACKUP = "20260101T000000Z-abcdef"
MARK = RestoreMark.of(BACKUP, "saved").family
NO_ATTACHMENTS = Attachments(LocalStore("."), {})


@pytest.fixture
def tables(bigtable_emulator: str) -> Tables:
    return new_instance()


@pytest.fixture
def target(tables: Tables) -> BigtableTarget:
    return BigtableTarget(Instance(PROJECT, tables.instance), apply_gc=True, now=NOW)


def assignment(schema: TableSchema = SCHEMA, name: str = "t", **fields: Any) -> Assignment:  # noqa: ANN401
    return Assignment(Table(("saved",), schema.to_json(), AVRO_SCHEMA), name, **{"backup": BACKUP, **fields})


def judge(target: BigtableTarget, item: Assignment) -> Assignment:
    (judged,) = target.check([item], NO_ATTACHMENTS)
    return judged


def test_a_missing_table_is_to_be_created_and_an_empty_one_is_taken(target: BigtableTarget, tables: Tables) -> None:
    assert judge(target, assignment()) == assignment(create=True)
    tables.fill("t", Content([*RULES]))
    assert judge(target, assignment()) == assignment()


def test_a_table_with_rows_takes_more_only_if_it_is_said(target: BigtableTarget, tables: Tables) -> None:
    tables.fill("t", Content([*RULES], {b"k": [("plain", b"", 0, b"")]}))
    assert judge(target, assignment(may_append=True)) == assignment(may_append=True)
    with pytest.raises(RefusedError) as caught:
        target.check([assignment(remedy="Do this.")], NO_ATTACHMENTS)
    assert str(caught.value) == "Nothing was written:\ntable t has rows. Do this."


def test_every_table_that_cannot_be_restored_is_named(target: BigtableTarget, tables: Tables) -> None:
    tables.fill("full", Content([*RULES], {b"k": [("plain", b"", 0, b"")]}))
    tables.create("other", ["plain"])
    with pytest.raises(RefusedError) as caught:
        target.check([assignment(name=name) for name in ("new", "full", "other")], NO_ATTACHMENTS)
    assert str(caught.value).splitlines()[1:] == [
        "table full has rows. ",
        "table other cannot take the rows: family aged does not exist.",
        "table other cannot take the rows: family few does not exist.",
    ]
    assert tables.names() == ["full", "other"]


def test_data_rights_suffice_to_write_into_an_existing_table(
    target: BigtableTarget, tables: Tables, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.fill("t", Content([*RULES]))
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ListTables", [Abort(grpc.StatusCode.PERMISSION_DENIED)])
        server.play("GetTable", [Abort(grpc.StatusCode.PERMISSION_DENIED)])
        existing = judge(target, assignment())
        target.prepare(existing, [])
        target.write([Load(existing, "shard:0", RECORDS)])
        target.finish(existing)
        assert {call.method for call in server.calls} == {"ListTables", "ReadRows", "GetTable", "MutateRows"}
        assert tables.read("t") == EXPECTED


def test_a_table_that_may_not_be_read_is_unreachable(
    target: BigtableTarget, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ReadRows", [Abort(grpc.StatusCode.PERMISSION_DENIED)])
        with pytest.raises(UnreachableError):
            target.check([assignment()], NO_ATTACHMENTS)


def test_the_rules_are_off_while_rows_are_written_and_on_when_it_is_finished(
    target: BigtableTarget, tables: Tables
) -> None:
    new = judge(target, assignment())
    target.prepare(new, [b"b"])
    assert tables.rules("t") == dict.fromkeys([*RULES, MARK])
    target.write([Load(new, "shard:0", RECORDS)])
    assert tables.rules("t") == dict.fromkeys([*RULES, MARK])
    assert not tables.schema("t").deletion_protection
    assert target.finish(new) == []
    assert TableSchema.from_proto(tables.schema("t")) == SCHEMA
    assert tables.read("t") == EXPECTED


def test_every_step_may_be_made_twice_and_the_whole_again(target: BigtableTarget, tables: Tables) -> None:
    new = judge(target, assignment())
    for _ in range(2):
        for _ in range(2):
            target.prepare(new, [b"b"])
        for _ in range(2):
            target.write([Load(new, "shard:0", RECORDS)])
        for _ in range(2):
            target.finish(new)
        assert TableSchema.from_proto(tables.schema("t")) == SCHEMA
        assert tables.read("t") == EXPECTED


def test_a_table_that_somebody_made_meanwhile_is_not_ours(target: BigtableTarget, tables: Tables) -> None:
    new = judge(target, assignment())
    ruled = ColumnFamily(gc_rule=GcRule(max_num_versions=1))
    tables.create("t", {"aged": ruled, "few": ColumnFamily(), "plain": ColumnFamily()})
    with pytest.raises(ExistsError, match="family aged has a garbage collection rule of its own"):
        target.prepare(new, [])


def test_cells_that_the_saved_rules_remove_are_counted(target: BigtableTarget, tables: Tables) -> None:
    tables.create("t", [*RULES])
    harsh = assignment(HARSH, create=True)
    # One cell is older than a day; two are beyond the two newest of their column.
    assert target.write([Load(harsh, "shard:0", RECORDS)]) == [3]
    assert replace(target, now=NOW + 2 * DAY).write([Load(harsh, "shard:0", RECORDS)]) == [4]


@pytest.mark.parametrize("create", [True, False])
def test_no_cell_is_counted_where_no_rule_is_set(target: BigtableTarget, tables: Tables, create: bool) -> None:
    tables.fill("t", Content([*RULES]))
    item = assignment(HARSH, create=create)
    assert replace(target, apply_gc=not create).write([Load(item, "shard:0", RECORDS)]) == [0]


def test_without_the_saved_rules_collection_stays_off_and_is_told(target: BigtableTarget, tables: Tables) -> None:
    plain = replace(target, apply_gc=False)
    new = judge(plain, assignment())
    plain.prepare(new, [])
    assert plain.finish(new) == ["table t: garbage collection stays off (--gc=none)."]
    assert tables.rules("t") == dict.fromkeys(RULES)
    assert tables.schema("t").deletion_protection
    assert plain.unfinished([new]) == []


def test_the_rules_of_an_existing_table_stay_and_it_is_told(target: BigtableTarget, tables: Tables) -> None:
    own = GcRule(max_num_versions=7)
    tables.create("t", {**{name: ColumnFamily() for name in RULES}, "plain": ColumnFamily(gc_rule=own)})
    existing = judge(target, assignment())
    target.prepare(existing, [])
    assert target.finish(existing) == ["table t: garbage collection stays as the existing table has it."]
    assert tables.rules("t") == {"aged": None, "few": None, "plain": own}
    assert not tables.schema("t").deletion_protection


def test_a_change_stream_is_told_and_not_restored(target: BigtableTarget, tables: Tables) -> None:
    schema = replace(SCHEMA, change_stream={"retention_period_micros": DAY})
    new = judge(target, assignment(schema))
    target.prepare(new, [])
    (note,) = target.finish(new)
    assert note.startswith("table t: the source had a change stream (")
    assert "change_stream_config" not in tables.schema("t")


def test_aggregates_are_refused_before_anything_is_written(target: BigtableTarget, tables: Tables) -> None:
    schema = TableSchema.from_proto(message({"columnFamilies": {"s": {"valueType": TYPES["aggregate:int64:sum"]}}}))
    with pytest.raises(RefusedError) as caught:
        target.check([assignment(), assignment(schema, "sums")], NO_ATTACHMENTS)
    assert str(caught.value).splitlines()[1:] == ["table sums: family s holds aggregates; they cannot be restored yet."]
    assert tables.names() == []


def test_a_table_that_is_left_half_done_is_named_with_what_finishes_it(target: BigtableTarget, tables: Tables) -> None:
    new = judge(target, assignment())
    assert target.unfinished([new]) == []
    target.prepare(new, [])
    command = f"cbt -project p -instance {tables.instance}"
    left = [
        f"Left half done in projects/p/instances/{tables.instance}, rows missing and garbage collection off: t.",
        "To keep one as it is:",
        f'{command} setgcpolicy t aged "maxage=36500d"',
        f'{command} setgcpolicy t few "maxversions=4"',
        f"{command} deletefamily t {MARK}",
    ]
    assert target.unfinished([new]) == left
    assert target.unfinished([assignment(name="old")]) == ["Rows may have been added to old."]
    target.finish(new)
    assert target.unfinished([new]) == []


def test_of_a_thousand_tables_twenty_are_named(target: BigtableTarget, tables: Tables) -> None:
    older = [assignment(name=f"t{number:04}") for number in range(1000)]
    (line,) = target.unfinished(older)
    assert line.endswith("t0018, t0019 and 980 more.")


def test_a_table_that_was_left_half_done_is_gone_on_with_and_finished(target: BigtableTarget, tables: Tables) -> None:
    new = judge(target, assignment())
    target.prepare(new, [])
    assert judge(target, assignment()) == new  # no row had been written
    target.write([Load(new, "shard:0", RECORDS)])
    with pytest.raises(RefusedError) as caught:
        target.check([assignment(remedy="Do this.")], NO_ATTACHMENTS)
    assert str(caught.value).splitlines()[1:] == [
        "table t has rows, of a restore of this backup that broke off. Do this."
    ]
    again = judge(target, assignment(may_append=True))
    assert again == assignment(may_append=True, create=True)
    target.prepare(again, [])
    target.write([Load(again, "shard:0", RECORDS)])
    assert target.finish(again) == []
    assert TableSchema.from_proto(tables.schema("t")) == SCHEMA
    assert tables.read("t") == EXPECTED


@pytest.mark.parametrize("other", [{"backup": "20250101T000000Z-abcdef"}, {"table": "another"}], ids=str)
def test_a_table_that_another_restore_left_half_done_is_refused(
    target: BigtableTarget, tables: Tables, other: dict[str, str]
) -> None:
    backup = other.get("backup", BACKUP)
    table = Table((other.get("table", "saved"),), SCHEMA.to_json(), AVRO_SCHEMA)
    target.prepare(replace(assignment(create=True), backup=backup, table=table), [])
    with pytest.raises(RefusedError, match=f"table t is what a restore of a table of backup {backup} left half done"):
        target.check([assignment(may_append=True)], NO_ATTACHMENTS)


@pytest.fixture
def small() -> TableSchema:
    return TableSchema({"f": FamilySchema({"max_num_versions": 2})})


def test_a_restore_into_new_tables_asks_once_for_all_of_them(
    target: BigtableTarget, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch, small: TableSchema
) -> None:
    new = [assignment(small, f"t{number}") for number in range(50)]
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        judged = target.check(new, NO_ATTACHMENTS)
        assert judged == [replace(item, create=True) for item in new]
        assert [call.method for call in server.calls] == ["ListTables", "ReadRows"]
        target.unfinished(judged)
        assert [call.method for call in server.calls[2:]] == ["ListTables"]


def test_the_questions_about_existing_tables_do_not_wait_for_each_other(
    target: BigtableTarget, tables: Tables, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch, small: TableSchema
) -> None:
    there = [assignment(small, f"t{number}") for number in range(4)]
    for item in there:
        tables.create(item.destination, ["f"])
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        together = threading.Barrier(len(there))
        server.play("ReadRows", *(script(Meet(together), Forward()) for _ in there))
        assert target.check(there, NO_ATTACHMENTS) == there
        assert Counter(call.method for call in server.calls) == {"ListTables": 1, "ReadRows": 4, "GetTable": 4}


def test_a_target_is_pickled_to_the_workers(target: BigtableTarget) -> None:
    copy = pickle.loads(pickle.dumps(target))  # noqa: S301 -- our own bytes
    assert copy == target
    assert judge(copy, assignment()).create


def test_nothing_comes_before_or_after_the_tables_together(target: BigtableTarget, tables: Tables) -> None:
    new = judge(target, assignment())
    target.begin([new], NO_ATTACHMENTS)
    assert tables.names() == []
    assert target.end([new], NO_ATTACHMENTS) == Ending()
