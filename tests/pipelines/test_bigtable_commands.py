"""Guards as the command line tells them: an exit code, one clear message, no job, nothing written."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from pipelines import bigtable_backup, bigtable_restore, verify
from pipelines.command.backup import run_backup
from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser
from pipelines.command.options.beam_names import OPTIONS
from tests.pipelines.bigtable_runs import Ended, backup, backups, files, restore, run
from tests.servers.scripted_bigtable import Abort, scripted_bigtable
from tests.tables import PROJECT, Content, Rows, Tables, new_instance
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.source import BigtableSource

Main = Callable[[Sequence[str]], int]
REPOSITORY = Path(__file__).resolve().parents[2]
ROWS: Rows = {b"a": [("f", b"q", 1000, b"1"), ("g", b"q", 1000, b"2")], b"b": [("f", b"q", 2000, b"3")]}
OTHERS: Rows = {b"z": [("f", b"own", 5000, b"own")]}


@pytest.fixture(scope="module")
def source(bigtable_emulator: str) -> Tables:
    tables = new_instance()
    tables.fill("orders", Content(["f", "g"], ROWS))
    tables.fill("events", Content(["f"], OTHERS))
    return tables


@pytest.fixture(scope="module")
def vault(source: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one backup of both tables."""
    vault = tmp_path_factory.mktemp("commands") / "v"
    assert backup(vault, source, "--table=*").code == 0
    return vault


def refusal(ended: Ended, code: int) -> str:
    """The message of a command that ended with this code before any job began."""
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert "backing up:" not in ended.err
    assert "restoring:" not in ended.err
    assert "Traceback" not in ended.err
    return ended.message


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--table=missing"], 7, "--table=missing: projects/p/instances/"),
        (["--table=orders,x*"], 7, "--table=x*: projects/p/instances/"),
        (["--table=orders", "--tabel=x"], 2, "unknown option --tabel; did you mean --table?"),
        (["--table=orders", "--if_exists=append"], 2, "unknown option --if_exists"),
        (["--table=orders", "stray"], 2, "unexpected argument 'stray'"),
        ([], 2, "the following arguments are required: --table"),
        (["--table=orders", "--chunk_size=1 lot"], 2, "--chunk_size: '1 lot' is not a size"),
        (["--table=orders", "--shard_size=0"], 2, "--shard_size: '0' must be at least one byte"),
        (["--table=orders", "--ranges=0"], 2, "--ranges: '0' is not a whole number"),
        (["--table=orders", "--plan_only=perhaps"], 2, "--plan_only: 'perhaps' is neither true nor false"),
        (["--table=orders", "--runner=DataflowRunner"], 6, "--vault="),
        (["--table=orders", "--direct_num_workers=two"], 2, "--direct_num_workers: invalid int value"),
    ],
)
def test_a_backup_that_cannot_be_taken_writes_nothing(
    source: Tables, tmp_path: Path, argv: list[str], code: int, message: str
) -> None:
    assert refusal(backup(tmp_path / "v", source, *argv), code).startswith(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["file/v", "file"])
def test_a_vault_that_cannot_be_written_is_told_before_the_job(source: Tables, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"not a folder")
    assert "is no folder" in refusal(backup(tmp_path / below, source, "--table=orders"), 2)
    assert files(tmp_path) == {"file": b"not a folder"}


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--backup=2001"], 7, "--backup=2001: no backup of "),
        (["--source=other"], 7, "--source=other: the vault has no such source. It has: bigtable+p+i-"),
        (["--table=missing"], 7, "--table=missing: the backup has no such table. It has: events, orders."),
        (["--table=orders:t,events:t"], 2, "--table: two tables cannot be restored into one"),
        (["--table=orders:"], 2, "--table=orders:: write SRC or SRC:DST"),
        (["--table=orders:a,orders:b"], 2, "--table=orders: write SRC or SRC:DST, each SRC once"),
        (["--if_exists=drop"], 2, "--if_exists: invalid choice: 'drop'"),
        (["--gc=all"], 2, "--gc: invalid choice: 'all'"),
        (["--chunk_size=1MiB"], 2, "unknown option --chunk_size"),
        (["--runner=DataflowRunner"], 6, "--vault="),
    ],
)
def test_a_restore_that_cannot_be_made_writes_nothing(
    vault: Path, bigtable_emulator: str, argv: list[str], code: int, message: str
) -> None:
    target, before = new_instance(), files(vault)
    assert refusal(restore(vault, target, *argv), code).startswith(message)
    assert target.names() == []
    assert files(vault) == before


@pytest.mark.parametrize("main", [bigtable_backup.main, bigtable_restore.main])
def test_a_project_must_be_named_by_one_of_two_options(main: Main, tmp_path: Path) -> None:
    own = ["--table=t"] if main is bigtable_backup.main else ["--backup=latest"]
    message = refusal(run(main, f"--vault={tmp_path}/v", "--instance=i", *own), 2)
    assert message == "--bigtable_project is missing: the project of the instance, unless --project names it"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_vault_is_not_found(source: Tables, tmp_path: Path) -> None:
    (tmp_path / "VAULT.txt").touch()
    for place in (tmp_path, tmp_path / "missing"):
        for ended in (restore(place, source), backups(place), run(verify.main, f"--vault={place}", "--backup=latest")):
            assert refusal(ended, 7).startswith(f"There is no vault at {place}")
    assert [path.name for path in tmp_path.iterdir()] == ["VAULT.txt"]


@pytest.mark.parametrize("flags", [[], ["--if_exists=refuse"], ["--into_source"], ["--if_exists=append"]])
def test_the_source_itself_is_not_written_into_without_both_flags(
    vault: Path, source: Tables, flags: list[str]
) -> None:
    message = refusal(restore(vault, source, *flags), 6)
    assert message.splitlines()[0] == "Nothing was written:"
    for name, line in zip(("events", "orders"), message.splitlines()[1:], strict=True):
        assert line.startswith(f"table {name} has rows. It is the table that was backed up; ")
        assert "--if_exists=append and --into_source" in line
    assert source.read("orders") == ROWS


@pytest.mark.parametrize("flags", [[], ["--into_source"]])
def test_a_table_with_rows_is_refused_and_the_flag_named(vault: Path, bigtable_emulator: str, flags: list[str]) -> None:
    target = new_instance()
    target.fill("events", Content(["f"], OTHERS))
    message = refusal(restore(vault, target, *flags), 6)
    assert message.splitlines()[1:] == [
        "table events has rows. --if_exists=append adds to them, --table=SRC:DST goes elsewhere."
    ]
    assert target.names() == ["events"]


def test_a_table_without_the_families_is_refused(vault: Path, bigtable_emulator: str) -> None:
    target = new_instance()
    target.create("orders", ["f"])
    assert refusal(restore(vault, target, "--if_exists=append"), 6).splitlines()[1:] == [
        "table orders cannot take the rows: family g does not exist."
    ]
    assert target.read("orders") == {}
    assert target.names() == ["orders"]


def gone() -> str:
    """The address of a server that has ended."""
    with scripted_bigtable() as server:
        return server.host


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", gone())
    config = bigtable_backup.configure([f"--vault={tmp_path}/v", "--bigtable_project=p", "--instance=i", "--table=t"])
    hasty = replace(config, source=BigtableSource(Instance("p", "i"), patience=0.5))
    ended = run(lambda argv: run_command(lambda _: run_backup(hasty, bigtable_backup.build), argv))
    assert refusal(ended, 9).startswith("Listing the tables of projects/p/instances/i: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
@pytest.mark.parametrize("main", [bigtable_backup.main, bigtable_restore.main])
def test_a_server_that_is_not_there_is_told_within_25_seconds(
    vault: Path, main: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", gone())
    own, began = ["--table=t"] if main is bigtable_backup.main else ["--backup=latest"], time.monotonic()
    refusal(run(main, f"--vault={vault}", "--bigtable_project=p", "--instance=i", *own), 9)
    assert time.monotonic() - began < 25


@pytest.mark.parametrize("method", ["ListTables", "GetTable", "ReadRows"])
def test_a_permission_that_a_backup_lacks_is_told_before_the_job(
    source: Tables, bigtable_emulator: str, tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play(method, [Abort(grpc.StatusCode.PERMISSION_DENIED, "bigtable.x is missing")])
        assert "bigtable.x is missing" in refusal(backup(tmp_path / "v", source, "--table=orders"), 9)
    assert list(tmp_path.iterdir()) == []


def test_a_permission_that_a_restore_lacks_is_told_before_the_job(
    vault: Path, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ReadRows", [Abort(grpc.StatusCode.PERMISSION_DENIED, "bigtable.x is missing")])
        assert "bigtable.x is missing" in refusal(restore(vault, new_instance()), 9)
        assert [call.method for call in server.calls] == ["ListTables", "ReadRows"]


def test_an_error_is_json_too_where_json_is_asked_for(source: Tables, tmp_path: Path) -> None:
    ended = backup(tmp_path / "v", source, "--table=missing", "--json")
    assert ended.json == {"error": {"code": 7, "message": ended.message}}


def test_the_project_may_be_beams_own(source: Tables, tmp_path: Path) -> None:
    argv = [f"--vault={tmp_path}/v", f"--project={PROJECT}", f"--instance={source.instance}", "--table=orders"]
    assert run(bigtable_backup.main, *argv, "--plan_only", "--json").json["tables"] == [{"name": "orders", "ranges": 1}]


def test_googles_names_of_the_options_are_taken(source: Tables, tmp_path: Path) -> None:
    argv = [f"--bigtableProjectId={PROJECT}", f"--bigtableInstanceId={source.instance}", "--bigtableTableId=orders"]
    ended = run(bigtable_backup.main, f"--vault={tmp_path}/v", *argv, "--json")
    assert (ended.code, ended.json["rows"]) == (0, 2)


@pytest.mark.parametrize("options", [bigtable_backup.options, bigtable_restore.options, verify.options])
def test_no_option_of_a_pipeline_is_one_of_beams(options: Callable[[], OptionParser]) -> None:
    assert options().option_names() - {"-h", "--help"}
    assert OPTIONS.isdisjoint(options().option_names() - {"-h", "--help"})


def test_a_pipeline_runs_as_a_process_of_its_own(source: Tables, tmp_path: Path) -> None:
    options = [f"--vault={tmp_path}/v", f"--bigtable_project={PROJECT}", f"--instance={source.instance}", "--table=*"]
    command = [sys.executable, "-m", "pipelines.bigtable_backup", *options, "--json"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    assert Ended(0, ended.stdout, "").json["rows"] == 3
    assert "backing up: done: 3 rows" in ended.stderr


@pytest.mark.skipif(not Path(sys.executable).with_name("shardkeep").exists(), reason="shardkeep is not installed")
def test_the_installed_command_lists_the_vault(vault: Path) -> None:
    command = [str(Path(sys.executable).with_name("shardkeep")), "list", f"--vault={vault}", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert [item["tables"] for item in Ended(0, ended.stdout, "").json] == [["events", "orders"]]
