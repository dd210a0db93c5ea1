"""A launcher's process: what it prints, and that it ends when the job is staged."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import grpc
import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from pipelines.command.backup import BackupConfig, run_backup
from pipelines.command.exit_codes import run_command
from pipelines.command.job.engine import Engine
from pipelines.command.job.watched import watched
from pipelines.command.print.result import Result
from pipelines.command.verify import VerifyConfig, run_verify
from tests.memory_room.database import new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from tests.memory_room.vaults import take
from transforms.backup import Backup
from transforms.backup_work import BackupWork
from transforms.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from transforms.source import Wanted
from transforms.verify_work import VerifyWork


def launch_options(folder: Path) -> list[str]:
    """Options that stage a job of Dataflow without any service."""
    return [
        "--runner=DataflowRunner",
        "--project=some-project",
        "--region=europe-west1",
        f"--temp_location={folder}",
        f"--staging_location={folder}",
        f"--template_location={folder}/job.json",
        "--dataflow_endpoint=http://localhost:1",
        "--no_auth",
    ]


def refuse(argv: Sequence[str]) -> int:
    raise NotFoundError("there is\nno table t")


def test_an_error_is_one_line_with_a_severity(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(refuse, ["--template_location=gs://b/job_object"]) == NotFoundError.exit_code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert json.loads(err) == {"severity": "ERROR", "message": "shardkeep: there is\nno table t"}


def test_workers_elsewhere_have_no_file_of_this_machine(tmp_path: Path) -> None:
    with watched(Engine.of(launch_options(tmp_path))) as job:
        assert job.progress.path == ""
        assert job.answer() is None


def test_a_folder_of_this_machine_is_no_vault_for_workers_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="which the workers of --runner=DataflowRunner do not see"):
        run_backup(config(tmp_path / "vault", launch_options(tmp_path)), build)
    assert not (tmp_path / "vault").exists()


def config(vault: Path, arguments: Sequence[str]) -> BackupConfig:
    source = MemorySource(new_database(two_tables(rows=10)))
    return BackupConfig(str(vault), source, 1000, Wanted(None, 1000), "", False, False, Engine.of(arguments))


def build(pipeline: beam.Pipeline, work: BackupWork) -> None:
    pipeline | Backup(work)


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault's folder counts as one that all workers see."""
    monkeypatch.setattr("pipelines.command.job.engine.is_local", lambda vault: False)


@pytest.mark.usefixtures("everywhere")
def test_a_launch_stages_the_job_and_claims_the_backup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    assert run_backup(config(tmp_path / "vault", launch_options(tmp_path)), build) == 0
    job: dict[str, Any] = json.loads((tmp_path / "job.json").read_text())
    assert job["labels"]["tool"] == "shardkeep"
    graph = beam_runner_api_pb2.Pipeline.FromString((tmp_path / "pipeline.pb").read_bytes())
    names = {transform.unique_name for transform in graph.components.transforms.values()}
    assert {"Backup/Read", "Backup/Conclude", "Backup/Commit"} <= names
    assert capsys.readouterr().out == "The job is STAGED; its last step logs what it did.\n"
    assert not list(tmp_path.glob("vault/*/*/MANIFEST.json"))


def verify_config(vault: Path, level: str, arguments: Sequence[str]) -> VerifyConfig:
    return VerifyConfig(str(vault), "latest", None, level, False, Engine.of(arguments))


@pytest.mark.usefixtures("everywhere")
def test_a_level_without_a_job_is_no_launch(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--level=L0 reads the manifest alone"):
        run_verify(verify_config(tmp_path, "L0", launch_options(tmp_path)), build_check)


@pytest.mark.usefixtures("everywhere")
def test_a_broken_backup_fails_the_launch_of_its_check(tmp_path: Path) -> None:
    vault = take(tmp_path / "vault")
    (vault.folder / "MANIFEST.json").write_text("{}")
    config = replace(verify_config(vault.root, "L1", launch_options(tmp_path)), backup=vault.backup)
    with pytest.raises(IntegrityError, match=f"backup {vault.backup} .* is BROKEN"):
        run_verify(config, build_check)


def build_check(pipeline: beam.Pipeline, work: VerifyWork, level: str, result: Result) -> None:
    raise AssertionError("nothing is to be launched")


@pytest.mark.parametrize(
    ("error", "here", "elsewhere"),
    [(KeyboardInterrupt(), False, True), (grpc.RpcError(), False, True), (OSError(), False, False)],
)
def test_a_job_elsewhere_may_go_on_if_its_command_is_interrupted_or_loses_it(
    error: BaseException, here: bool, elsewhere: bool, tmp_path: Path
) -> None:
    with watched(Engine.of(["--runner=FnApiRunner"])) as job:
        assert job.goes_on(error) is here
    with watched(Engine.of(launch_options(tmp_path))) as job:
        assert job.goes_on(error) is elsewhere
