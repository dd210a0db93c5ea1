"""A job on a Flink cluster is cancelled by its own name, and has ended when the JobManager says so."""

import logging
from dataclasses import dataclass, field

import pytest

from pipelines.command.job.engine import Engine
from pipelines.command.job.flink import FlinkJob, flink_job
from pipelines.command.job.watched import watched
from tests.servers.json_server import Answer, Request, serving

ENDPOINT = "--job_endpoint=localhost:8099"
OURS, OTHER = "shardkeep-1", "somebody's"


@dataclass
class JobManager:
    """The two calls of a JobManager; a job is ended at the second look after it was cancelled."""

    states: dict[str, str] = field(default_factory=lambda: {OURS: "RUNNING", OTHER: "RUNNING"})
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        self.asked.append(f"{request.method} {request.path}")
        if request.method == "PATCH":
            self.states[request.path.removeprefix("/jobs/")] = "CANCELLING"
            return 202, {}
        jobs = [{"jid": name, "name": name, "state": state} for name, state in self.states.items()]
        self.states = {name: state.replace("CANCELLING", "CANCELED") for name, state in self.states.items()}
        return 200, {"jobs": jobs}


def test_a_job_is_cancelled_and_no_other_one() -> None:
    manager = JobManager()
    with serving(manager.answer) as master:
        FlinkJob(master, OURS).cancel()
        assert FlinkJob(master, OURS).has_ended()
    assert manager.states == {OURS: "CANCELED", OTHER: "RUNNING"}
    assert [each for each in manager.asked if not each.startswith("GET")] == [f"PATCH /jobs/{OURS}"]


@pytest.mark.parametrize("state", ["CANCELED", "FAILED", "FINISHED"])
def test_a_job_that_the_cluster_has_ended_has_ended(state: str) -> None:
    manager = JobManager({OURS: state, OTHER: "RUNNING"})
    with serving(manager.answer) as master:
        assert FlinkJob(f"http://{master}", OURS).has_ended()
        assert not FlinkJob(master, OTHER).has_ended()


def test_of_a_job_that_the_cluster_does_not_know_nothing_is_known() -> None:
    manager = JobManager({OTHER: "FINISHED"})
    with serving(manager.answer) as master:
        assert not FlinkJob(master, OURS).has_ended()


@pytest.mark.parametrize("answer", [(200, "not json"), (200, {"jobs": [{}]}), (500, []), (404, {"errors": ["no"]})])
def test_what_is_no_jobmanager_has_ended_nothing(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda _: answer) as master, caplog.at_level(logging.WARNING, "shardkeep"):
        FlinkJob(master, OURS).cancel()
        assert not FlinkJob(master, OURS).has_ended()
    assert f"the JobManager at {master} does not cancel the job {OURS}: " in caplog.text


def test_each_job_has_a_name_of_its_own_where_the_cluster_is_named() -> None:
    options = ["--runner=FlinkRunner", "--flink_master=flink:8081", ENDPOINT]
    jobs = [flink_job(Engine.of(each)) for each in (options, options, [*options, "--job_name=nightly"])]
    names = [job.name for job in jobs if job is not None]
    assert [name.partition("-")[0] for name in names] == ["shardkeep", "shardkeep", "nightly"]
    assert len(set(names)) == 3
    for other in (["--runner=FlinkRunner", ENDPOINT], ["--runner=PortableRunner", ENDPOINT], ["--runner=FnApiRunner"]):
        assert flink_job(Engine.of(other)) is None


def test_a_command_whose_job_has_ended_on_the_cluster_knows_it() -> None:
    manager = JobManager()
    with serving(manager.answer) as master:
        options = ["--runner=FlinkRunner", f"--flink_master={master}", ENDPOINT, "--environment_type=PROCESS"]
        with watched(Engine.of(options)) as job:
            assert job.flink is not None
            assert job.goes_on(KeyboardInterrupt())
            manager.states = {job.flink.name: "CANCELED"}
            assert not job.goes_on(KeyboardInterrupt())
