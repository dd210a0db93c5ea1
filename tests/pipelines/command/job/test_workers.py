"""It is where the workers are that decides what they see, and whether their job may outlive the command."""

import pytest

from pipelines.command.job.engine import Engine, refuse_distant_snapshot, refuse_distant_workers
from pipelines.command.options.beam import check_beam_arguments
from transforms.errors import RefusedError, UsageError

FLINK = "--runner=FlinkRunner"
PORTABLE = "--runner=PortableRunner"
PRISM = "--runner=PrismRunner"
ENDPOINT = "--job_endpoint=localhost:8099"
LOOPBACK = "--environment_type=LOOPBACK"
PROCESS = "--environment_type=PROCESS"
EXTERNAL = "--environment_type=EXTERNAL"
WITHIN = "--flink_master=[local]"

# What the options are; whether the workers are here; whether the job may outlive the command.
CASES = [
    (["--runner=FnApiRunner"], True, False),
    (["--runner=DataflowRunner"], False, True),
    (["--runner=SparkRunner"], False, True),
    ([PRISM], True, False),
    ([PRISM, PROCESS], True, False),
    ([PRISM, EXTERNAL, "--environment_config=localhost:50000"], True, False),
    ([PRISM, EXTERNAL, '--environment_config={"url": "127.0.0.1:50000"}'], True, False),
    ([PRISM, EXTERNAL, "--environment_config=10.0.0.7:50000"], False, False),
    ([PRISM, EXTERNAL, "--environment_config={"], False, False),
    ([PRISM, "--environment_type=DOCKER"], False, False),
    ([PRISM, ENDPOINT], True, False),
    ([PRISM, ENDPOINT, PROCESS], False, True),
    ([FLINK], True, False),
    ([FLINK, WITHIN], True, False),
    ([FLINK, WITHIN, PROCESS], True, False),
    ([FLINK, "--flink_master=flink:8081"], False, True),
    ([FLINK, "--flink_master=localhost:8081", PROCESS], False, True),
    ([FLINK, "--flink_master=localhost:8081", LOOPBACK], True, False),
    ([PORTABLE, ENDPOINT], False, True),
    ([PORTABLE, ENDPOINT, LOOPBACK], True, False),
    ([PORTABLE, "--job_endpoint=flink:8099", LOOPBACK], True, False),
    ([PORTABLE, ENDPOINT, PROCESS], False, True),
    ([PORTABLE, ENDPOINT, EXTERNAL, "--environment_config=localhost:50000"], False, True),
    ([PORTABLE, ENDPOINT, PROCESS, "--workers_see=machine"], True, True),
    (["--runner=DataflowRunner", "--workers_see=machine"], False, True),
]


@pytest.mark.parametrize(("options", "here", "outlives"), CASES, ids=str)
def test_the_workers_decide_not_the_runners_name(options: list[str], here: bool, outlives: bool) -> None:
    engine = Engine.of(options)
    assert (engine.is_here, engine.outlives) == (here, outlives)


def test_a_shared_vault_is_seen_by_workers_that_see_nothing_else_of_this_machine() -> None:
    cluster = [PORTABLE, ENDPOINT, PROCESS]
    with pytest.raises(RefusedError, match=r"--runner=PortableRunner do not see, .* add --workers_see=vault"):
        refuse_distant_workers("/backups", Engine.of(cluster))
    refuse_distant_workers("gs://bucket/backups", Engine.of(cluster))
    shared = Engine.of([*cluster, "--workers_see=vault"])
    refuse_distant_workers("/backups", shared)
    assert not shared.is_here
    with pytest.raises(RefusedError, match="--consistency=snapshot: the command holds the snapshot"):
        refuse_distant_snapshot(shared)
    refuse_distant_snapshot(Engine.of([*cluster, "--workers_see=machine"]))


def test_machines_of_a_service_see_no_folder_whatever_is_said() -> None:
    with pytest.raises(RefusedError, match="--runner=DataflowRunner do not see"):
        refuse_distant_workers("/backups", Engine.of(["--runner=DataflowRunner", "--workers_see=vault"]))


def test_what_the_workers_see_is_an_option_like_beams() -> None:
    options = [PORTABLE, "--workers_see=vault"]
    assert check_beam_arguments(options) == options
    with pytest.raises(UsageError, match="--workers_see: invalid choice: 'all'"):
        check_beam_arguments([PORTABLE, "--workers_see=all"])


@pytest.mark.parametrize(
    ("options", "alone"),
    [
        (["--runner=FnApiRunner"], True),
        (["--runner=FnApiRunner", "--direct_num_workers=2"], False),
        ([PRISM], False),
        (["--runner=DataflowRunner"], False),
    ],
)
def test_one_worker_in_the_command_itself_is_alone(options: list[str], alone: bool) -> None:
    assert Engine.of(options).is_alone is alone


def test_an_engine_is_read_from_beams_options_once_and_is_a_value() -> None:
    options = ["--runner=FlinkRunner", "--flink_master=flink:8081", "--project=p", "--job_name=nightly"]
    engine = Engine.of(options)
    assert (engine.runner, engine.flink, engine.project, engine.job_name) == (
        "FlinkRunner",
        "flink:8081",
        "p",
        "nightly",
    )
    assert not engine.is_launch
    assert Engine.of([*options, "--template_location=gs://b/t"]).is_launch
    assert Engine.of(engine.arguments) == engine
