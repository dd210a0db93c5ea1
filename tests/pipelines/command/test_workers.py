"""It is where the workers are that decides what they see, and whether their job may outlive the command."""

import pytest

from pipelines.command.beam_options import check_beam_arguments
from pipelines.command.engine import is_here, outlives_command, refuse_distant_snapshot, refuse_distant_workers
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
    assert (is_here(options), outlives_command(options)) == (here, outlives)


def test_a_shared_vault_is_seen_by_workers_that_see_nothing_else_of_this_machine() -> None:
    cluster = [PORTABLE, ENDPOINT, PROCESS]
    with pytest.raises(RefusedError, match=r"--runner=PortableRunner do not see, .* add --workers_see=vault"):
        refuse_distant_workers("/backups", cluster)
    refuse_distant_workers("gs://bucket/backups", cluster)
    shared = [*cluster, "--workers_see=vault"]
    refuse_distant_workers("/backups", shared)
    assert not is_here(shared)
    with pytest.raises(RefusedError, match="--consistency=snapshot: the command holds the snapshot"):
        refuse_distant_snapshot(shared)
    refuse_distant_snapshot([*cluster, "--workers_see=machine"])


def test_machines_of_a_service_see_no_folder_whatever_is_said() -> None:
    with pytest.raises(RefusedError, match="--runner=DataflowRunner do not see"):
        refuse_distant_workers("/backups", ["--runner=DataflowRunner", "--workers_see=vault"])


def test_what_the_workers_see_is_an_option_like_beams() -> None:
    options = [PORTABLE, "--workers_see=vault"]
    assert check_beam_arguments(options) == options
    with pytest.raises(UsageError, match="--workers_see: invalid choice: 'all'"):
        check_beam_arguments([PORTABLE, "--workers_see=all"])
