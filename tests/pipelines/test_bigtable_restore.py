"""What a restore does to tables: which ones, under which names, with which rules, and what it says when it fails."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, CreateTableRequest, GcRule, Table, Type
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.code_pb2 import Code

from pipelines import bigtable_restore
from pipelines.command.give_back import give_back
from tests.pipelines.bigtable_runs import backup, backups, files, restore, run, show
from tests.servers.scripted_bigtable import Abort, Forward, ScriptedBigtable, scripted_bigtable, statuses
from tests.tables import PROJECT, Content, Rows, Tables, admin, new_instance
from transforms.bigtable.instance import Instance
from transforms.bigtable.target import BigtableTarget

DAY = 86_400_000_000
AGED, FEW = GcRule(max_age=timedelta(days=36_500)), GcRule(max_num_versions=3)
BOTH = GcRule(union=GcRule.Union(rules=[AGED, FEW]))
RULES = {"aged": AGED, "both": BOTH, "few": FEW, "plain": None}
NOW = 1_700_000_000_000_000
ORDERS: Rows = {
    b"a": [("aged", b"q", NOW, b"1"), ("few", b"q", 3000, b"new"), ("few", b"q", 2000, b"old")],
    b"b": [("both", b"", NOW, b""), ("plain", b"\xff", 0, b"3")],
}
EVENTS: Rows = {b"e%02d" % number: [("f", b"q", 1000, b"%d" % number)] for number in range(50)}
OWN: Rows = {b"z": [("aged", b"own", 5000, b"own")]}


def families() -> dict[str, ColumnFamily]:
    return {name: ColumnFamily(gc_rule=rule) if rule else ColumnFamily() for name, rule in RULES.items()}


@pytest.fixture(scope="module")
def source(bigtable_emulator: str) -> Tables:
    tables = new_instance()
    tables.create("orders", families())
    tables.write("orders", ORDERS)
    protected = Table(name=f"projects/{PROJECT}/instances/{tables.instance}/tables/orders", deletion_protection=True)
    admin().update_table(table=protected, update_mask=FieldMask(paths=["deletion_protection"])).result(timeout=30)
    tables.fill("events", Content(["f"], EVENTS))
    return tables


@pytest.fixture(scope="module")
def vault(source: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one backup of both tables, `events` over five ranges."""
    vault = tmp_path_factory.mktemp("restore") / "v"
    assert backup(vault, source, "--table=orders,events", "--ranges=5").code == 0
    return vault


@pytest.fixture
def target(bigtable_emulator: str) -> Tables:
    return new_instance()


@pytest.fixture
def server(bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBigtable]:
    """A server in front of the emulator that the commands, and the tests, speak to."""
    with scripted_bigtable(bigtable_emulator) as scripted:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", scripted.host)
        yield scripted


def test_all_tables_are_restored_with_rules_and_protection(vault: Path, target: Tables) -> None:
    before = files(vault)
    ended = restore(vault, target, "--json")
    assert ended.code == 0
    assert files(vault) == before
    assert ended.json == {
        "tables": [
            {"table": name, "destination": name, "rows": rows, "doomed_cells": 0, "notes": []}
            for name, rows in (("events", 50), ("orders", 2))
        ],
        "notes": [],
        "skipped": [],
    }
    assert target.names() == ["events", "orders"]
    assert target.read("events") == EVENTS
    assert target.read("orders") == ORDERS
    assert target.rules("orders") == RULES
    assert (target.schema("orders").deletion_protection, target.schema("events").deletion_protection) == (True, False)
    assert "restoring: done: 52 rows" in ended.err


def test_a_selection_is_restored_and_renamed_and_shown_as_a_table(vault: Path, target: Tables) -> None:
    lines = restore(vault, target, "--table=orders:copy").out.splitlines()
    assert [line.split() for line in lines] == [
        ["TABLE", "DESTINATION", "ROWS"],
        ["orders", "copy", "2"],
    ]
    assert {name: target.read(name) for name in target.names()} == {"copy": ORDERS}


def test_a_plan_says_what_would_be_done_and_writes_nothing(vault: Path, target: Tables) -> None:
    target.create("events", ["f"])
    before = files(vault)
    ended = restore(vault, target, "--table=orders:copy,events", "--plan_only", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {
        "tables": [
            {"table": "events", "destination": "events", "action": "add to", "rows": 50},
            {"table": "orders", "destination": "copy", "action": "create", "rows": 2},
        ]
    }
    assert "Nothing was written" in restore(vault, target, "--plan_only").out
    assert target.names() == ["events"]
    assert target.read("events") == {}
    assert files(vault) == before


def test_rows_are_added_to_an_existing_table_whose_rules_stay(vault: Path, target: Tables) -> None:
    own = GcRule(max_num_versions=7)
    target.create("orders", {**families(), "aged": ColumnFamily(gc_rule=own), "few": ColumnFamily()})
    target.write("orders", OWN)
    ended = restore(vault, target, "--table=orders", "--if_exists=append")
    assert ended.code == 0
    assert target.read("orders") == ORDERS | OWN
    assert target.rules("orders") == {**RULES, "aged": own, "few": None}
    assert not target.schema("orders").deletion_protection
    assert "warning: table orders: garbage collection stays as the existing table has it." in ended.err


def test_the_source_itself_takes_rows_with_both_flags(bigtable_emulator: str, tmp_path: Path) -> None:
    tables = new_instance()
    tables.fill("t", Content(["f"], EVENTS))
    assert backup(tmp_path / "v", tables, "--table=t").code == 0
    tables.write("t", {b"later": [("f", b"", 0, b"")]})
    assert restore(tmp_path / "v", tables, "--if_exists=append", "--into_source").code == 0
    assert tables.read("t") == EVENTS | {b"later": [("f", b"", 0, b"")]}


def test_a_backup_is_named_by_id_prefix_or_latest(bigtable_emulator: str, tmp_path: Path, target: Tables) -> None:
    tables, made = new_instance(), []
    for number in range(2):
        tables.create(f"t{number}", ["f"])
        made.append(backup(tmp_path, tables, "--table=*", "--json").json["backup"])
    prefix = made[0][:-1]
    plans = [
        restore(tmp_path, target, f"--backup={name}", "--plan_only", "--json") for name in (*made, prefix, "latest")
    ]
    assert [len(plan.json["tables"]) for plan in plans] == [1, 2, 1, 2]
    ambiguous = restore(tmp_path, target, "--backup=2")
    assert (ambiguous.code, ambiguous.message.startswith("--backup=2 means several backups: ")) == (2, True)


def test_garbage_collection_is_off_until_the_last_row_is_written(
    vault: Path, target: Tables, server: ScriptedBigtable
) -> None:
    assert restore(vault, target, "--table=orders").code == 0
    writes = [call for call in server.calls if call.method not in ("ReadRows", "GetTable", "ListTables")]
    (created,) = server.received("CreateTable")
    request = CreateTableRequest.deserialize(created.request)
    assert {name: "gc_rule" in family for name, family in request.table.column_families.items()} == dict.fromkeys(
        RULES, False
    )
    assert writes[0] is created
    assert [call.method for call in writes].count("MutateRows") > 0
    assert {call.method for call in writes[1:-2]} == {"MutateRows"}
    assert writes[-2].method == "ModifyColumnFamilies"
    assert writes[-1].method == "UpdateTable"


def test_without_the_saved_rules_none_is_set(vault: Path, target: Tables) -> None:
    ended = restore(vault, target, "--table=orders", "--gc=none")
    assert ended.code == 0
    assert target.read("orders") == ORDERS
    assert target.rules("orders") == dict.fromkeys(RULES)
    assert "warning: table orders: garbage collection stays off (--gc=none)." in ended.err


def test_cells_that_the_rules_remove_at_once_are_counted_and_told(vault: Path, target: Tables) -> None:
    """Judged at a time when a hundred years have passed, for the emulator must not collect them meanwhile."""
    argv = [f"--vault={vault}", "--backup=latest", f"--bigtable_project={PROJECT}", f"--instance={target.instance}"]
    config = bigtable_restore.configure([*argv, "--table=orders", "--json"])
    later = BigtableTarget(Instance(PROJECT, target.instance), apply_gc=True, now=NOW + 36_501 * DAY)
    ended = run(lambda _: give_back(replace(config, target=later), bigtable_restore.build))
    assert (ended.code, ended.json["tables"][0]["doomed_cells"]) == (0, 2)
    assert (
        "warning: table orders: the saved garbage collection rules remove 2 of the restored cells at once; "
        "--gc=none would keep them." in ended.err
    )
    assert target.read("orders") == ORDERS


@pytest.fixture(scope="module")
def sums(bigtable_emulator: str) -> Tables:
    """An instance with a table that counts."""
    encoding = Type.Int64.Encoding(big_endian_bytes=Type.Int64.Encoding.BigEndianBytes())
    counted = Type.Aggregate(input_type=Type(int64_type=Type.Int64(encoding=encoding)), sum=Type.Aggregate.Sum())
    tables = new_instance()
    tables.create("sums", {"f": ColumnFamily(), "sum": ColumnFamily(value_type=Type(aggregate_type=counted))})
    tables.fill("plain", Content(["f"], EVENTS))
    return tables


def test_aggregates_are_backed_up_with_a_warning_and_refused_at_restore(
    sums: Tables, target: Tables, tmp_path: Path
) -> None:
    made = backup(tmp_path / "v", sums, "--table=*")
    warning = "table sums: families sum hold aggregates, which this version cannot restore"
    assert (made.code, f"warning: {warning}" in made.err, f"warning: {warning}" in made.out) == (0, True, True)
    ended = restore(tmp_path / "v", target)
    assert ended.code == 6
    assert ended.message.splitlines() == [
        "Nothing was written:",
        "table sums: family sum holds aggregates; they cannot be restored yet.",
    ]
    assert target.names() == []
    assert restore(tmp_path / "v", target, "--table=plain", "--plan_only").code == 0


@pytest.mark.parametrize(
    ("step", "code", "reason"),
    [
        (Abort(grpc.StatusCode.PERMISSION_DENIED, "no role"), 9, "PERMISSION_DENIED: no role"),
        (statuses({0: Code.NOT_FOUND}, "family is gone"), 7, "NOT_FOUND: family is gone"),
    ],
    ids=["the call", "an entry"],
)
def test_a_restore_that_fails_names_what_is_left_and_the_commands_that_finish_it(
    vault: Path, target: Tables, server: ScriptedBigtable, step: Abort | bytes, code: int, reason: str
) -> None:
    server.play("MutateRows", *([step] for _ in range(20)))
    ended = restore(vault, target, "--table=orders:copy")
    assert ended.code == code
    assert ended.message.startswith(f"writing table copy of projects/p/instances/{target.instance}, row key ")
    assert reason in ended.message
    told = ended.err.partition("table copy may be left with garbage collection off; to set it:\n")[2].splitlines()[:3]
    start = ["cbt", "-project", "p", "-instance", target.instance, "setgcpolicy", "copy"]
    assert [shlex.split(line) for line in told] == [
        [*start, "aged", "maxage=36500d"],
        [*start, "both", "maxage=36500d or maxversions=3"],
        [*start, "few", "maxversions=3"],
    ]
    assert target.rules("copy") == dict.fromkeys(RULES)
    assert "Traceback" not in ended.err


def test_rows_that_fail_for_a_while_are_restored_all_the_same(
    vault: Path, target: Tables, server: ScriptedBigtable
) -> None:
    busy = [Abort(grpc.StatusCode.UNAVAILABLE)]
    server.play("MutateRows", busy, busy, [statuses({0: Code.UNAVAILABLE})], [Forward()], busy)
    assert restore(vault, target).code == 0
    assert target.read("events") == EVENTS
    assert target.read("orders") == ORDERS


def test_a_backup_whose_job_fails_is_listed_as_failed_and_is_no_backup(
    source: Tables, server: ScriptedBigtable, tmp_path: Path
) -> None:
    server.play("ReadRows", [Forward()], [Abort(grpc.StatusCode.PERMISSION_DENIED, "no role any more")])
    ended = backup(tmp_path, source, "--table=events")
    assert (ended.code, "no role any more" in ended.message) == (9, True)
    (listed,) = backups(tmp_path, "--json").json
    assert (listed["state"], listed["tables"], listed["rows"]) == ("FAILED", ["events"], None)
    assert show(tmp_path, "latest").code == 7
    refused = restore(tmp_path, source, f"--backup={listed['backup']}")
    assert (refused.code, "state FAILED" in refused.message) == (6, True)
    assert not [name for name in files(tmp_path) if re.search(r"MANIFEST|index", name)]


def test_a_read_that_breaks_is_taken_up_again_and_the_backup_is_whole(
    source: Tables, server: ScriptedBigtable, target: Tables, tmp_path: Path
) -> None:
    broken = [Abort(grpc.StatusCode.UNAVAILABLE)]
    server.play("ReadRows", [Forward()], broken, [Abort(grpc.StatusCode.CANCELLED)], [Forward()], broken)
    assert backup(tmp_path / "v", source, "--table=events", "--ranges=3").code == 0
    assert restore(tmp_path / "v", target).code == 0
    assert target.read("events") == EVENTS
