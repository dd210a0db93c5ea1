"""An instance as a source: its tables by name and glob, their schema, ranges and rows."""

import os
import pickle
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import grpc
import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, GcRule, Type
from google.cloud.bigtable_admin_v2.types import ModifyColumnFamiliesRequest as Modify

from tests.servers.scripted_bigtable import Abort, Forward, Meet, Pause, script, scripted_bigtable
from tests.tables import PROJECT, Content, Tables, admin, new_instance
from tests.transforms.bigtable.read_rows_stream import read_record
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.server import emulator
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.source import BigtableSource
from transforms.errors import NotFoundError, RefusedError, UnreachableError
from transforms.identity import Table
from transforms.key_range import KeyRange, check_tiling
from transforms.source import Conclusion, Wanted

ROWS = {b"k%03d" % number: [("f", b"q", 1000, b"v%d" % number)] for number in range(300)}


@pytest.fixture(scope="module")
def tables(bigtable_emulator: str) -> Tables:
    tables = new_instance()
    tables.fill("orders", Content(["f", "g"], ROWS))
    tables.create("orders-2", {"f": ColumnFamily(gc_rule=GcRule(max_num_versions=3))})
    tables.create("events", [])
    aggregate = Type(aggregate_type=Type.Aggregate(input_type=_int64(), sum=Type.Aggregate.Sum()))
    tables.create("sums", {"s": ColumnFamily(value_type=aggregate), "f": ColumnFamily()})
    return tables


def _int64() -> Type:
    return Type(int64_type=Type.Int64(encoding=Type.Int64.Encoding(big_endian_bytes={})))


@pytest.fixture
def source(tables: Tables) -> BigtableSource:
    return BigtableSource(Instance(PROJECT, tables.instance))


def selected(source: BigtableSource, *patterns: str) -> list[Table]:
    """The tables that patterns select."""
    return replace(source, patterns=patterns).tables()


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["orders"], ["orders"]),
        (["*"], ["events", "orders", "orders-2", "sums"]),
        (["orders*"], ["orders", "orders-2"]),
        (["orders-?", "e*"], ["events", "orders-2"]),
        (["[es]*"], ["events", "sums"]),
        (["orders", "*s"], ["events", "orders", "sums"]),
    ],
)
def test_names_and_globs_select_tables(source: BigtableSource, patterns: list[str], names: list[str]) -> None:
    assert [table.name for table in selected(source, *patterns)] == names


@pytest.mark.parametrize("pattern", ["missing", "x*", "Orders", "order"])
def test_a_pattern_that_selects_nothing_names_what_there_is(source: BigtableSource, pattern: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        selected(source, "orders", pattern)
    assert str(caught.value) == (
        f"--table={pattern}: {source.instance.name} has no such table. It has: events, orders, orders-2, sums."
        f" BIGTABLE_EMULATOR_HOST={emulator.host()} is set: an emulator was asked, not the service."
    )


def test_an_instance_without_tables_says_so(source: BigtableSource) -> None:
    with pytest.raises(
        NotFoundError, match=r"^--table=\*: projects/p/instances/bare is there and has no tables\. Check"
    ):
        BigtableSource(Instance(PROJECT, "bare")).tables()


def test_an_instance_that_is_not_there_is_told_from_one_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_bigtable() as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ListTables", [Abort(grpc.StatusCode.NOT_FOUND, "Instance bare not found")])
        with pytest.raises(
            NotFoundError, match=r"instances/bare: .*There is no such project, instance or table: check --"
        ):
            BigtableSource(Instance(PROJECT, "bare")).tables()


def test_an_emulator_is_told_in_the_settings(source: BigtableSource, monkeypatch: pytest.MonkeyPatch) -> None:
    host = os.environ["BIGTABLE_EMULATOR_HOST"]
    assert source.settings() == {"app_profile": "", "bigtable_emulator_host": host}
    monkeypatch.delenv("BIGTABLE_EMULATOR_HOST")
    assert source.settings() == {"app_profile": ""}


def test_a_table_brings_its_schema(source: BigtableSource) -> None:
    (table,) = selected(source, "orders-2")
    assert table.schema["families"] == {"f": {"gc": {"max_num_versions": 3}, "type": None, "kind": "bytes"}}
    assert table.warnings == ()


def test_a_table_with_aggregates_has_a_warning(source: BigtableSource) -> None:
    (table,) = selected(source, "sums")
    assert table.warnings == ("families s hold aggregates, which this version cannot restore",)


@pytest.mark.parametrize("ranges", [1, 2, 97, None])
def test_ranges_tile_the_table(source: BigtableSource, ranges: int | None) -> None:
    (table,) = selected(source, "orders")
    [plan] = source.plan([table], Wanted(ranges, 256 << 20))
    assert len(plan.ranges) == (ranges or 1)
    check_tiling(plan.ranges, KeyRange(), "orders")


def test_the_ranges_of_a_table_hold_each_of_its_rows_once(source: BigtableSource) -> None:
    (table,) = selected(source, "orders")
    [plan] = source.plan([table], Wanted(7, 1))
    with source.reading([table]) as read:
        batches = [b for each in plan.ranges for b in read(table, each, 500)]
    records = BytesIO(b"".join(batch.records for batch in batches))
    assert [read_record(records).key for _ in ROWS] == list(ROWS)
    assert records.read() == b""
    assert sum(batch.rows for batch in batches) == len(ROWS)
    assert len(batches) > 7


def test_a_source_is_pickled_to_the_workers(source: BigtableSource) -> None:
    copy = pickle.loads(pickle.dumps(source))  # noqa: S301 -- our own bytes
    assert copy == source
    assert [table.name for table in selected(copy, "orders")] == ["orders"]


def test_who_it_is_does_not_depend_on_the_app_profile(source: BigtableSource) -> None:
    instance = source.instance.instance
    assert BigtableSource(Instance(PROJECT, instance, "batch")).identity() == source.identity()
    assert source.identity().folder == f"bigtable+p+{instance}"
    assert source.consistency == "row-atomic"


def test_rows_that_may_not_be_read_are_told_before_any_job(
    source: BigtableSource, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ReadRows", [Abort(grpc.StatusCode.PERMISSION_DENIED, "bigtable.tables.readRows")])
        with pytest.raises(UnreachableError, match=r"table orders .*bigtable\.tables\.readRows"):
            selected(source, "orders")


def test_two_questions_a_table_do_not_wait_for_other_tables(
    bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = new_instance()
    for number in range(50):
        tables.create(f"t{number:02}", ["f"])
    source = BigtableSource(Instance(PROJECT, tables.instance))
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        together = threading.Barrier(4)
        server.play("GetTable", *(script(Meet(together), Forward()) for _ in range(4)))
        found = source.tables()
        assert Counter(call.method for call in server.calls) == {"ListTables": 1, "GetTable": 50, "ReadRows": 50}
        server.calls.clear()
        together.reset()
        server.play("GetTable", *(script(Meet(together), Forward()) for _ in range(4)))
        assert source.conclude(found) == Conclusion({"notes": []})
        assert Counter(call.method for call in server.calls) == {"GetTable": 50}


@pytest.fixture
def changing(bigtable_emulator: str) -> Tables:
    """An instance with a table of two families, to be changed while it is read."""
    tables = new_instance()
    tables.create("t", {"f": ColumnFamily(gc_rule=GcRule(max_num_versions=3)), "h": ColumnFamily()})
    return tables


def concluded(tables: Tables, change: Callable[[Tables], None]) -> Conclusion:
    """What a source concludes with, when a change was made after it had been asked for its tables; twice the same."""
    source = BigtableSource(Instance(PROJECT, tables.instance))
    planned = source.tables()
    change(tables)
    first, second = (source.conclude(planned) for _ in range(2))
    assert first == second
    return first


def modify(tables: Tables, *modifications: Modify.Modification) -> None:
    name = f"projects/{PROJECT}/instances/{tables.instance}/tables/t"
    admin().modify_column_families(Modify(name=name, modifications=modifications))


def test_families_that_were_added_while_rows_were_read_are_united(changing: Tables) -> None:
    added = Modify.Modification(id="g", create=ColumnFamily(gc_rule=GcRule(max_num_versions=1)))
    conclusion = concluded(changing, lambda tables: modify(tables, added))
    assert {name: family["gc"] for name, family in conclusion.schemas[0]["families"].items()} == {
        "f": {"max_num_versions": 3},
        "g": {"max_num_versions": 1},
        "h": None,
    }
    assert conclusion.facts == {"notes": ["table t: added while it was read: families g."]}


def test_rules_that_were_changed_meanwhile_stay_as_they_were_at_first(changing: Tables) -> None:
    rule = Modify.Modification(id="f", update=ColumnFamily(gc_rule=GcRule(max_num_versions=9)))
    assert concluded(changing, lambda tables: modify(tables, rule)) == Conclusion({"notes": []})


def drop(tables: Tables) -> None:
    admin().delete_table(name=f"projects/{PROJECT}/instances/{tables.instance}/tables/t")


def make_anew(tables: Tables) -> None:
    drop(tables)
    tables.create("t", ["f", "g"])


def make_anew_with_another_type(tables: Tables) -> None:
    drop(tables)
    tables.create("t", {"f": ColumnFamily(value_type=_int64()), "h": ColumnFamily()})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (drop, "table t was deleted while it was read"),
        (make_anew, "table t is not the one any more whose backup was begun: family h is gone"),
        (make_anew_with_another_type, "begun: family f held bytes and holds int64"),
        (lambda tables: modify(tables, Modify.Modification(id="h", drop=True)), "family h is gone"),
    ],
)
def test_a_table_that_is_another_one_in_the_end_is_refused(
    changing: Tables, change: Callable[[Tables], None], problem: str
) -> None:
    with pytest.raises(RefusedError, match=problem):
        concluded(changing, change)


def test_a_table_that_a_restore_left_half_done_has_a_warning_and_no_mark(changing: Tables) -> None:
    mark = RestoreMark.of("20260101T000000Z-abcdef", "t")
    modify(changing, Modify.Modification(id=mark.family, create=ColumnFamily()))
    (table,) = BigtableSource(Instance(PROJECT, changing.instance)).tables()
    assert list(table.schema["families"]) == ["f", "h"]
    assert table.warnings == (
        "it is what a restore of backup 20260101T000000Z-abcdef left half done; rows of it may be missing",
    )


def test_a_first_row_that_comes_late_is_waited_for(
    source: BigtableSource, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the patience with the administration: the front of a table may have been deleted."""
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ReadRows", script(Pause(2.0), Forward()))
        hasty = replace(source, patterns=("orders",), patience=1.0)
        assert [table.name for table in hasty.tables()] == ["orders"]
