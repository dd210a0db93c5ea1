"""What a restore does to tables: which ones, under which names, with which rules, and what it says when it fails."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from google.cloud.bigtable_admin_v2.types import ColumnFamily, CreateTableRequest, GcRule, Table, Type
from google.cloud.bigtable_admin_v2.types import ModifyColumnFamiliesRequest as Modify
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.code_pb2 import Code

from pipelines import bigtable_restore
from pipelines.command.restore import run_restore
from tests.pipelines.bigtable_runs import Ended, backup, backups, check, files, restore, run, show
from tests.servers.scripted_bigtable import (
    Abort,
    Forward,
    Meet,
    ScriptedBigtable,
    Silence,
    script,
    scripted_bigtable,
    statuses,
)
from tests.tables import PROJECT, Content, Rows, Tables, admin, new_instance
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.server.instance import Instance
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
    admin().update_table(table=protected, update_mask=FieldMask(paths=["deletion_protection"])).result(timeout=120)
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
            {"table": name, "destination": name, "rows": rows, "expired": 0, "notes": []}
            for name, rows in (("events", 50), ("orders", 2))
        ],
        "notes": [],
        "skipped": [],
        "others": {"damaged": [], "unknown": None, "verify": ""},
    }
    assert target.names() == ["events", "orders"]
    assert target.read("events") == EVENTS
    assert target.read("orders") == ORDERS
    assert target.rules("orders") == RULES
    assert (target.schema("orders").deletion_protection, target.schema("events").deletion_protection) == (True, False)
    assert "restoring: done: 52 rows" in ended.err


def test_a_selection_is_restored_and_renamed_and_shown_as_a_table(vault: Path, target: Tables) -> None:
    ended = restore(vault, target, "--table=orders:copy")
    assert "warning" not in ended.err
    lines = ended.out.splitlines()
    assert [line.split() for line in lines] == [
        ["TABLE", "DESTINATION", "ROWS"],
        ["orders", "copy", "2"],
    ]
    assert {name: target.read(name) for name in target.names()} == {"copy": ORDERS}


def test_a_plan_says_what_would_be_done_and_writes_nothing(vault: Path, target: Tables) -> None:
    target.create("events", ["f"])
    before = files(vault)
    ended = restore(vault, target, "--table=orders:copy,ev*", "--plan_only", "--json")
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
    assert "note: table orders: garbage collection stays as the existing table has it." in ended.err


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
    made = request.table.column_families
    assert [name for name in made if name not in RULES] == [mark_of(vault)]
    assert not any("gc_rule" in family for family in made.values())
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
    assert "note: table orders: garbage collection stays off (--gc=none)." in ended.err


def test_cells_that_the_rules_remove_at_once_are_counted_and_told(vault: Path, target: Tables) -> None:
    """Judged at a time when a hundred years have passed, for the emulator must not collect them meanwhile."""
    argv = [f"--vault={vault}", "--backup=latest", f"--bigtable_project={PROJECT}", f"--instance={target.instance}"]
    config = bigtable_restore.configure([*argv, "--table=orders", "--json"])
    later = BigtableTarget(Instance(PROJECT, target.instance), apply_gc=True, now=NOW + 36_501 * DAY)
    ended = run(lambda _: run_restore(replace(config, target=later), bigtable_restore.build))
    assert (ended.code, ended.json["tables"][0]["expired"]) == (0, 2)
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
    left, keep, *told, again = ended.message.splitlines()[-7:]
    where = f"projects/p/instances/{target.instance}"
    assert left == f"Left half done in {where}, rows missing and garbage collection off: copy."
    assert keep == "To keep one as it is:"
    start = ["cbt", "-project", "p", "-instance", target.instance]
    assert [shlex.split(line) for line in told] == [
        [*start, "setgcpolicy", "copy", "aged", "maxage=36500d"],
        [*start, "setgcpolicy", "copy", "both", "maxage=36500d or maxversions=3"],
        [*start, "setgcpolicy", "copy", "few", "maxversions=3"],
        [*start, "deletefamily", "copy", mark_of(vault)],
    ]
    assert target.rules("copy") == dict.fromkeys([*RULES, mark_of(vault)])
    assert "Traceback" not in ended.err
    server.stop_playing()
    assert gone_on_with(again).code == 0
    assert is_restored(target, "copy")


def mark_of(vault: Path) -> str:
    """The family that marks `orders` of the vault's backup while it is not whole."""
    (listed,) = backups(vault, "--json").json
    return RestoreMark.of(listed["backup"], "orders").family


def gone_on_with(line: str) -> Ended:
    """Run the command that an error tells."""
    told, _, command = line.partition(": ")
    assert told == "To go on"
    program, name, *argv = shlex.split(command)
    assert (program, name) == ("shardkeep", "bigtable-restore")
    return run(bigtable_restore.main, *argv)


def is_restored(target: Tables, name: str) -> bool:
    """Whether a table is `orders`, with its rows, rules and protection."""
    whole = target.read(name) == ORDERS and target.rules(name) == RULES
    return whole and bool(target.schema(name).deletion_protection)


def test_a_restore_that_is_killed_is_gone_on_with_to_the_last_rule(
    vault: Path, target: Tables, server: ScriptedBigtable
) -> None:
    writing = threading.Event()

    def told(_: bytes) -> list[bytes]:
        writing.set()
        return []

    server.play("MutateRows", [Forward()], *(script(told, Silence()) for _ in range(20)))
    names = [f"--vault={vault}", f"--bigtable_project={PROJECT}", f"--instance={target.instance}", "--backup=latest"]
    command = [sys.executable, "-m", "pipelines.bigtable_restore", *names]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        assert writing.wait(120)
        os.killpg(process.pid, signal.SIGKILL)
    server.stop_playing()
    assert mark_of(vault) in target.rules("orders")
    refused = restore(vault, target)
    assert refused.code == 6
    assert "has rows, of a restore of this backup that broke off. --if_exists=append adds to them" in refused.message
    assert restore(vault, target, "--if_exists=append").code == 0
    assert is_restored(target, "orders")
    assert target.read("events") == EVENTS
    assert list(target.rules("events")) == ["f"]


def test_a_lost_table_of_the_source_is_gone_on_with_by_both_flags(
    bigtable_emulator: str, server: ScriptedBigtable, tmp_path: Path
) -> None:
    tables = new_instance()
    tables.fill("t", Content(["f"], EVENTS))
    assert backup(tmp_path, tables, "--table=t").code == 0
    admin().delete_table(name=f"projects/{PROJECT}/instances/{tables.instance}/tables/t")
    server.play("MutateRows", [Forward(), Abort(grpc.StatusCode.PERMISSION_DENIED)])
    ended = restore(tmp_path, tables)
    assert ended.code == 9
    again = ended.message.splitlines()[-1]
    assert again.endswith(" --if_exists=append --into_source")
    assert gone_on_with(again).code == 0
    assert (tables.read("t"), list(tables.rules("t"))) == (EVENTS, ["f"])


def modify(tables: Tables, table: str, modification: Modify.Modification) -> None:
    name = f"projects/{PROJECT}/instances/{tables.instance}/tables/{table}"
    admin().modify_column_families(Modify(name=name, modifications=[modification]))


def test_a_family_that_is_added_during_a_backup_is_restored(
    target: Tables, server: ScriptedBigtable, tmp_path: Path
) -> None:
    tables = new_instance()
    tables.fill("t", Content(["f"], EVENTS))
    later: Rows = {b"z": [("new", b"q", 1000, b"v")]}

    def add(_: bytes) -> list[bytes]:
        rule = ColumnFamily(gc_rule=FEW)
        modify(tables, "t", Modify.Modification(id="new", create=rule))
        tables.write("t", later)
        return []

    server.play("ReadRows", [Forward()], script(add, Forward()))
    assert backup(tmp_path, tables, "--table=t").code == 0
    server.stop_playing()
    assert check(tmp_path, "latest", "--level=L3").code == 0
    assert "note: table t: added while it was read: families new." in show(tmp_path, "latest").out
    assert f"note: made with BIGTABLE_EMULATOR_HOST={server.host}: an emulator" in show(tmp_path, "latest").out
    assert restore(tmp_path, target).code == 0
    assert target.read("t") == EVENTS | later
    assert target.rules("t") == {"f": None, "new": FEW}


def test_a_table_that_loses_a_family_during_its_backup_is_not_backed_up(
    server: ScriptedBigtable, tmp_path: Path
) -> None:
    tables = new_instance()
    tables.fill("t", Content(["f", "g"], EVENTS))

    def drop(_: bytes) -> list[bytes]:
        modify(tables, "t", Modify.Modification(id="g", drop=True))
        return []

    server.play("ReadRows", [Forward()], script(drop, Forward()))
    ended = backup(tmp_path, tables, "--table=t")
    assert ended.code == 6
    assert ended.message.startswith("table t is not the one any more whose backup was begun: family g is gone.")
    (listed,) = backups(tmp_path, "--json").json
    assert listed["state"] == "FAILED"


def test_each_of_many_tables_costs_a_few_calls(target: Tables, server: ScriptedBigtable, tmp_path: Path) -> None:
    tables = new_instance()
    for number in range(50):
        tables.create(f"t{number:02}", {"f": ColumnFamily(gc_rule=FEW)})
    tables.write("t07", {b"k": [("f", b"q", 1000, b"v")]})
    server.calls.clear()
    of_a_portion = threading.Barrier(12)
    server.play("ReadRows", *(script(Forward()) for _ in range(50)))  # whether each table may be read
    server.play("ReadRows", *(script(Meet(of_a_portion), Forward()) for _ in range(12)))
    assert backup(tmp_path, tables, "--table=*").code == 0
    assert Counter(call.method for call in server.calls) == {
        "ListTables": 1,
        "GetTable": 100,
        "ReadRows": 100,
        "SampleRowKeys": 50,
    }
    server.calls.clear()
    together = threading.Barrier(16)
    server.play("CreateTable", *(script(Meet(together), Forward()) for _ in range(16)))
    assert restore(tmp_path, target).code == 0
    assert Counter(call.method for call in server.calls) == {
        "ListTables": 1,
        "ReadRows": 1,
        "CreateTable": 50,
        "MutateRows": 1,
        "GetTable": 50,
        "ModifyColumnFamilies": 50,
    }
    assert target.rules("t07") == {"f": FEW}


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
