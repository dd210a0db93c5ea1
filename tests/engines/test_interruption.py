"""A command that is ended cancels its job, or says that it may go on; what it says of the backup is true then."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from tests.engines.flink_runs import Flink
from tests.engines.prism_runs import Prism, end_group, finish
from tests.pipelines.bigtable_runs import Ended
from tests.pipelines.postgres_gate import ADVISORY, observed, shut
from tests.pipelines.postgres_outcome import states
from tests.pipelines.postgres_scene import TABLES, THROUGH_THE_GATE
from tests.servers.postgres_server import PostgresServer

NewDatabase = Callable[..., str]
SAID = {SIGINT: "interrupted", SIGTERM: "terminated"}


@dataclass(frozen=True)
class Process:
    """A command under way."""

    process: "subprocess.Popen[str]"

    def done(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def end(self, number: Signals) -> Ended:
        """End it by a signal."""
        self.process.send_signal(number)
        return finish(self.process)


@pytest.fixture
def database(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    return name


@contextmanager
def reading(engine: Flink | Prism, server: PostgresServer, database: str, vault: Path) -> Iterator[Process]:
    """A backup of which a worker stands in the middle of a table."""
    options = [f"--vault={vault}", f"--database={server.url(database)}", "--json", *THROUGH_THE_GATE]
    with observed(server, database) as observer, shut(server, database):
        process = engine.open("postgres-backup", *options)
        try:
            observer.await_wait(Process(process), "shardkeep backup", ADVISORY)
            yield Process(process)
        finally:
            end_group(process)


def require_interrupted(ended: Ended, number: Signals) -> None:
    assert ended.code == 128 + number, ended.err
    assert ended.json == {"error": {"code": 128 + number, "message": SAID[number]}}
    assert f"shardkeep: {SAID[number]}\n" in ended.err


def jobs(endpoint: str) -> set[str]:
    """The states of all jobs of a job server."""
    with grpc.insecure_channel(endpoint) as channel:
        found = beam_job_api_pb2_grpc.JobServiceStub(channel).GetJobs(beam_job_api_pb2.GetJobsRequest())
    return {beam_job_api_pb2.JobState.Enum.Name(job.state) for job in found.job_info}


@pytest.mark.usefixtures("heeded_signals")
@pytest.mark.parametrize(("name", "number"), [("flink", SIGINT), ("prism", SIGTERM)])
def test_a_backup_that_is_ended_has_failed(
    name: str,
    number: Signals,
    request: pytest.FixtureRequest,
    postgres18: PostgresServer,
    database: str,
    tmp_path: Path,
) -> None:
    engine: Flink | Prism = request.getfixturevalue(name)
    with reading(engine, postgres18, database, tmp_path / "v") as command:
        ended = command.end(number)
    require_interrupted(ended, number)
    assert "may go on" not in ended.err
    assert [made["state"] for made in states(tmp_path / "v")] == ["FAILED"]
    if isinstance(engine, Flink):
        assert "RUNNING" not in jobs(engine.endpoint)


def test_of_a_job_on_flink_that_may_go_on_nothing_else_is_said(
    postgres18: PostgresServer, database: str, flink_with_boot: Flink, tmp_path: Path
) -> None:
    with reading(flink_with_boot, postgres18, database, tmp_path / "v") as command:
        ended = command.end(SIGTERM)
    require_interrupted(ended, SIGTERM)
    assert "The job may go on without this command" in ended.err
    # The command notes no failure; a worker may, whose session has ended with the command's snapshot.
    assert [made["state"] for made in states(tmp_path / "v")] in (["STARTED"], ["FAILED"])
    assert "RUNNING" not in jobs(flink_with_boot.endpoint)
