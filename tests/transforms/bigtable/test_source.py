"""An instance as a source: its tables by name and glob, their schema, ranges and rows."""

import pickle
from dataclasses import replace
from io import BytesIO

import grpc
import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, GcRule, Type

from tests.servers.scripted_bigtable import Abort, scripted_bigtable
from tests.tables import PROJECT, Content, Tables, new_instance
from tests.transforms.bigtable.read_rows_stream import read_record
from transforms.bigtable.instance import Instance
from transforms.bigtable.source import BigtableSource
from transforms.errors import NotFoundError, UnreachableError
from transforms.identity import Table
from transforms.key_range import KeyRange, check_tiling
from transforms.source import Wanted

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
    )


def test_an_instance_without_tables_says_so(source: BigtableSource) -> None:
    with pytest.raises(NotFoundError, match=r"It has: none\.$"):
        BigtableSource(Instance(PROJECT, "bare")).tables()


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
